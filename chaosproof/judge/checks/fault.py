"""The built-in checks of the fault: it bit, and only where it was meant to; it ended; and it was what it said
it was.
"""

from collections.abc import Mapping
from typing import Any

from chaosproof.experiment.variables import resolve
from chaosproof.json_access import at, mapping, number, text
from chaosproof.judge.capability import missing_capability
from chaosproof.judge.check import passed, skipped, unknown
from chaosproof.judge.checks.load import load_expected
from chaosproof.judge.cross_checks import journal_objects_to_faults
from chaosproof.judge.figures.request_stats import RequestStats
from chaosproof.judge.figures.summary import Figures, fault_span
from chaosproof.judge.findings import Findings
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["END_SLACK_S", "FAULT_MODULES", "fault_canary", "fault_ended", "fault_hit"]

END_SLACK_S = 0.5
FAULT_MODULES = ("actions.network", "actions.process", "actions.nats")

# what ends or stops a process touches no packet: the target's own events are the receipt
_PROCESS_KINDS = ("kill", "terminate", "restart", "pause")
_PROCESS_EVENTS = ("killed", "exited", "paused", "started")

# arguments of the actions, and where in a fault's row their value must be found
_ASKED = {"duration_s": ("planned_s",), "port": ("selector", "port"), "port_number": ("selector", "port")}

# how a new connection must fail while the fault is on, by kind; other kinds let it through
_CANARY_DURING = {"reset": ("refused", "reset"), "reject": ("refused", "reset"), "drop": ("timeout",)}


def fault_hit(run: RunFolder, fold: RequestStats, figures: Figures) -> Check:
    """Every fault hit packets, on the instance that the experiment names, while the load was on."""
    id, evidence = "SYS_FAULT_HIT", "faults.jsonl"
    if answer := _no_fault(id, run):
        return answer
    findings = Findings(id, evidence)
    _note_torn_ledger(run, findings)
    meant = text(run.variables.get("fault_instance"))
    names = run.session.names
    for row in run.faults:
        what = _called(row)
        if error := row.get("error"):
            findings.wrong.append(f"{what}: {error}")
        if number(row.get("applied_at")) is None:
            findings.wrong.append(f"{what} never went on")
        _examine_receipt(run, row, what, findings)
        if meant and row.get("instance") != meant:
            findings.wrong.append(f"{what} is not on {meant}, which the experiment names")
        if names and text(row.get("instance")) not in names:
            findings.wrong.append(f"{what} is on no instance that the session knows")
    _compare_with_asked(run, findings)
    findings.wrong.extend(journal_objects_to_faults(run))
    if load_expected(run, fold):
        _examine_overlap(run, fold, figures, findings)
    packets = sum(number(row.get("packets")) or 0 for row in run.faults)
    return findings.check(f"{', '.join(_called(row) for row in run.faults)}: {packets:.0f} packets hit")


def fault_ended(run: RunFolder) -> Check:
    """Every fault ended, within 0.5 s of its deadline; one healed by a rollback may end sooner."""
    id, evidence = "SYS_FAULT_ENDED", "faults.jsonl"
    if answer := _no_fault(id, run):
        return answer
    findings = Findings(id, evidence)
    _note_torn_ledger(run, findings)
    ends: list[str] = []
    for row in run.faults:
        what = _called(row)
        applied_at, ended_at = number(row.get("applied_at")), number(row.get("ended_at"))
        planned_s, expires_at = number(row.get("planned_s")), number(row.get("expires_at"))
        if applied_at is None:
            findings.unclear.append(f"{what} never went on")
            continue
        if ended_at is None:
            findings.wrong.append(f"{what} was not seen to end")
            continue
        if ended_at < applied_at:
            findings.wrong.append(f"{what} ended before it went on")
        if row.get("kind") in _PROCESS_KINDS and planned_s is None:
            continue
        if planned_s is None or planned_s <= 0:
            findings.wrong.append(f"{what} has no planned duration")
            continue
        deadline = applied_at + planned_s
        if expires_at is not None and abs(expires_at - deadline) > END_SLACK_S:
            findings.wrong.append(
                f"{what} was to expire after {expires_at - applied_at:.2f} s, planned {planned_s:g} s"
            )
        late_s = ended_at - deadline
        healed = row.get("healed") is True or row.get("ended_by") == "heal"
        if late_s > END_SLACK_S:
            findings.wrong.append(f"{what} ended {late_s:.2f} s after its deadline")
        elif late_s < -END_SLACK_S and not healed:
            findings.wrong.append(f"{what} ended {-late_s:.2f} s before its deadline, and nobody healed it")
        ends.append(f"{what} ended {late_s:+.3f} s from its deadline by {row.get('ended_by')}")
    return findings.check("; ".join(ends) or "every fault ended")


def fault_canary(run: RunFolder) -> Check:
    """A connection of our own failed in the way the fault promises, and was open before and after it."""
    id, evidence = "SYS_FAULT_CANARY", "faults.jsonl#canary"
    if answer := _no_fault(id, run):
        return answer
    findings = Findings(id, evidence)
    _note_torn_ledger(run, findings)
    proved = 0
    for row in run.faults:
        wanted = _CANARY_DURING.get(text(row.get("kind")))
        selector = mapping(row.get("selector"))
        if wanted is None or selector.get("protocol") != "tcp" or not selector.get("port"):
            # without a TCP port there is nothing that a connection of our own could be opened to
            continue
        proved += 1
        canary = mapping(row.get("canary"))
        for moment, allowed in (("before", ("open",)), ("during", wanted), ("after", ("open",))):
            saw = text(canary.get(moment))
            if saw in ("", "none"):
                findings.unclear.append(f"{_called(row)}: no canary was sent {moment} it")
            elif saw not in allowed:
                findings.wrong.append(
                    f"{_called(row)}: the canary {moment} it saw {saw}, not {' or '.join(allowed)}"
                )
    if not proved:
        return findings.check(
            "no fault of this run cuts TCP connections, so there is nothing to prove by one"
        )
    return findings.check(
        f"{', '.join(sorted({text(r.get('kind')) for r in run.faults}))} proved by the canary"
    )


def _no_fault(id: str, run: RunFolder) -> Check | None:
    """The answer where there is no fault to examine; None when there is one.

    A fault is expected when the method calls anything of FAULT_MODULES, or one is recorded.
    """
    if run.faults:
        return None
    calls = [call for module in FAULT_MODULES for call in run.calls(module)]
    if not run.experiment:
        return unknown(
            id, f"whether a fault was planned is not known; {run.missing('journal.json')}", "journal.json"
        )
    if not calls:
        if run.problems.get("faults.jsonl", "there is no such file") != "there is no such file":
            return unknown(id, run.missing("faults.jsonl"), "faults.jsonl")
        return passed(
            id,
            f"no fault planned: the method calls nothing of {', '.join(FAULT_MODULES)}",
            "journal.json#experiment",
        )
    if lacking := missing_capability(run):
        return skipped(id, f"this machine cannot do the fault: {lacking}", "journal.json#run")
    if not run.journal.run:
        return unknown(id, "no activity of the method ran, so no fault did", "journal.json#run")
    findings = Findings(id, "faults.jsonl")
    findings.wrong.append(f"the method plans a fault ({calls[0].get('name')}), and none was recorded")
    return findings.check("")


def _note_torn_ledger(run: RunFolder, findings: Findings) -> None:
    if "faults.jsonl" in run.problems:
        findings.unclear.append(run.missing("faults.jsonl"))


def _examine_receipt(run: RunFolder, row: Mapping[str, Any], what: str, findings: Findings) -> None:
    applied_at = number(row.get("applied_at"))
    if row.get("kind") in _PROCESS_KINDS:
        seen = any(
            event.instance == row.get("instance")
            and event.event in _PROCESS_EVENTS
            and applied_at is not None
            and (event.at or 0.0) >= applied_at - END_SLACK_S
            for event in run.readiness
        )
        if not seen:
            findings.wrong.append(f"{what}: the target saw nothing happen to it")
        return
    if row.get("kind") == "stress":
        # it touches no packet: an early end is its row's error, and what it took is for the experiment to claim
        return
    packets = number(row.get("packets"))
    if packets is None:
        findings.unclear.append(f"{what}: how many packets it hit is not known")
    elif packets <= 0 and not _hit_on_another_side(run, row):
        findings.wrong.append(f"{what} hit no packets: it did not happen")


def _hit_on_another_side(run: RunFolder, row: Mapping[str, Any]) -> bool:
    """Whether another side of the same partition hit packets: who only calls has nothing to drop."""
    note = text(row.get("note"))
    return note.startswith("partition of ") and any(
        other.get("note") == note and (number(other.get("packets")) or 0) > 0 for other in run.faults
    )


def _compare_with_asked(run: RunFolder, findings: Findings) -> None:
    """The experiment's own arguments against what was planned; a default is not compared."""
    for call in run.calls("actions.network"):
        arguments = mapping(at(call, "provider", "arguments"))
        for key, place in _ASKED.items():
            asked = _asked_number(arguments.get(key), run.variables)
            planned = [number(at(row, *place)) for row in run.faults]
            if asked is not None and asked not in planned:
                shown = ", ".join("unknown" if p is None else f"{p:g}" for p in planned)
                findings.wrong.append(
                    f"the experiment asked for {key} {asked:g}, and the fault planned {shown}"
                )


def _asked_number(value: Any, variables: Mapping[str, Any]) -> float | None:
    try:
        return number(float(resolve(value, variables)))
    except (KeyError, TypeError, ValueError):
        return None


def _examine_overlap(run: RunFolder, fold: RequestStats, figures: Figures, findings: Findings) -> None:
    if fault_span(run.faults) is None or fold.first_due_at is None:
        findings.unclear.append("whether the load was on during the fault is not known")
        return
    if not at(figures.windows, "fault", "requests"):
        findings.wrong.append("no request was due while the fault was on")


def _called(row: Mapping[str, Any]) -> str:
    return f"{text(row.get('kind')) or 'fault'} on {text(row.get('instance')) or 'an unnamed instance'}"
