"""The built-in checks of the fault: it bit, and only where it was meant to; it ended; and it was what it said
it was.
"""

import math
from collections.abc import Iterator, Sequence

from chaosproof.experiment.experiment import read_experiment
from chaosproof.json_access import at, instant
from chaosproof.judge.absent_fault import no_fault, shown_evidence, unproven_actions
from chaosproof.judge.check import unknown
from chaosproof.judge.checks.base import BuiltinCheck, Material
from chaosproof.judge.cross_checks import journal_objects_to_faults
from chaosproof.judge.fault_rules.fault_proof import canary_objections
from chaosproof.judge.fault_rules.foreign_entries import foreign_entries
from chaosproof.judge.fault_rules.healed import healed_by
from chaosproof.judge.fault_rules.load_behind import LOADED_RATIO_MIN, too_short_behind
from chaosproof.judge.fault_rules.met_nobody import met_nobody
from chaosproof.judge.fault_rules.planned_faults import elsewhere, label_of, unlike_arguments
from chaosproof.judge.fault_rules.queue_effect import effect_objections
from chaosproof.judge.figures.request_stats import RequestStats
from chaosproof.judge.figures.summary import Figures, acted
from chaosproof.judge.findings import Findings
from chaosproof.judge.next_steps import MARK
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.events import EVENTS
from chaosproof.runfolder.faults import FaultRecord
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["END_SLACK_S", "fault_canary", "fault_ended", "fault_hit"]

END_SLACK_S = 0.5


def fault_hit(material: Material) -> Check:
    """Every fault hit packets, and did what it is for, on the instance that the experiment names, under the load."""
    run, id, evidence = material.run, HIT.id, "faults.jsonl"
    foreign = list(foreign_entries(run))
    without_load = _acted_without_load(material)
    if answer := no_fault(id, run, material.reviewed):
        if answer.status == "pass" and foreign:
            return unknown(id, "; ".join(foreign), EVENTS)
        if answer.status == "pass" and without_load:
            return unknown(id, without_load, "journal.json#run")
        return answer
    findings = _findings(id, evidence, run)
    names = run.session.names
    faults = run.fault_records
    for fault in faults:
        label = label_of(fault)
        if fault.error:
            findings.wrong.append(f"{label}: {fault.error}")
        if fault.applied_at is None:
            findings.wrong.append(f"{label} never went on")
        _examine_receipt(run, fault, faults, findings)
        if names and fault.instance not in names:
            findings.wrong.append(f"{label} is on no instance that the session knows")
    if read_experiment(run.experiment).no_fault:
        findings.wrong.append(
            'the experiment says "no_fault": true, and there was one: take that word out of the extension'
        )
    findings.wrong.extend(elsewhere(run, faults))
    findings.wrong.extend(unlike_arguments(run, faults))
    findings.wrong.extend(journal_objects_to_faults(run))
    if material.load_expected:
        _examine_overlap(run, material.stats, material.figures, findings)
    findings.unclear.extend(foreign)
    findings.unclear.extend(met_nobody(material))
    findings.unclear.extend(filter(None, [without_load, unproven_actions(run, material.reviewed)]))
    packets = sum(fault.packets or 0 for fault in faults)
    return findings.check(f"{', '.join(map(label_of, faults))}: {packets:.0f} packets hit")


def _acted_without_load(material: Material) -> str:
    """Which action, proved by the experiment's own evidence, began while no load was on, or too late for one to show
    what it did; empty where there is none."""
    first, last = material.stats.first_due_at, material.stats.last_due_at
    if not material.load_expected or first is None or last is None:
        return ""
    proven = {evidence.activity for evidence in shown_evidence(material.run, material.reviewed)}
    for entry in material.run.journal.run:
        began_at = instant(entry.start)
        is_action = entry.activity.get("type") == "action"
        if not is_action or entry.name not in proven:
            continue
        if began_at is None or not first <= began_at <= last:
            return (
                f"the load was not on when {entry.name!r} began{MARK}let it begin while the load is on: the load in "
                "the background, or the action with a pause before it"
            )
        if why := too_short_behind(began_at, instant(entry.end), last):
            return f"of {entry.name!r}: {why}{MARK}let it begin earlier, or let the load last longer"
    return ""


def fault_ended(material: Material) -> Check:
    """Every fault ended, within 0.5 s of its deadline: one that was on for less is not the fault that was asked for."""
    run, id, evidence = material.run, ENDED.id, "faults.jsonl"
    if answer := no_fault(id, run, material.reviewed):
        return answer
    findings = _findings(id, evidence, run)
    ends: list[str] = []
    for fault in run.fault_records:
        label, planned_s = label_of(fault), fault.planned_s
        if fault.applied_at is None:
            findings.unclear.append(f"{label} never went on")
            continue
        if fault.ended_at is None:
            findings.wrong.append(f"{label} was not seen to end")
            continue
        if fault.ended_at < fault.applied_at:
            findings.wrong.append(f"{label} ended before it went on")
        if planned_s is None and fault.expects and fault.expects.proof == "events":
            continue
        if planned_s is None or planned_s <= 0:
            findings.wrong.append(f"{label} has no planned duration")
            continue
        deadline = fault.applied_at + planned_s
        if fault.expires_at is not None and abs(fault.expires_at - deadline) > END_SLACK_S:
            lasts_s = fault.expires_at - fault.applied_at
            findings.wrong.append(f"{label} was to expire after {lasts_s:.2f} s, planned {planned_s:g} s")
        late_s = fault.ended_at - deadline
        if late_s > END_SLACK_S and fault.on_at is not None and fault.on_at <= deadline + END_SLACK_S:
            findings.unclear.append(
                f"{label} was seen to have ended only {late_s:.2f} s after its deadline, and nobody had looked for "
                f"{fault.ended_at - fault.on_at:.2f} s: run it where the machine has time to look"
            )
        elif late_s > END_SLACK_S:
            findings.wrong.append(f"{label} ended {late_s:.2f} s after its deadline")
        elif late_s < -END_SLACK_S:
            _examine_early_end(run, fault, -late_s, findings)
        ends.append(f"{label} ended {late_s:+.3f} s from its deadline by {fault.ended_by}")
    return findings.check("; ".join(ends) or "every fault ended")


def _examine_early_end(run: RunFolder, fault: FaultRecord, early_s: float, findings: Findings) -> None:
    """A fault that a heal of this run ended proves nothing of the rest of its time; one that others ended, less."""
    label, planned_s = label_of(fault), fault.planned_s or 0.0
    if activity := healed_by(run, fault):
        module = "chaosproof.actions.network" if fault.direction else "chaosproof.actions.process"
        findings.unclear.append(
            f"{label} was on for {planned_s - early_s:.2f} of the {planned_s:g} s of its duration_s: {activity!r} "
            f"ended it; let {module}.wait_until_ended come before that, or ask for a shorter duration_s"
        )
    else:
        findings.wrong.append(
            f"{label} ended {early_s:.2f} s before its deadline, and nobody healed it: no activity of the journal says "
            "that it did; see who else flushes the instance's rules, or ran heal, halt or resume beside this run"
        )


def fault_canary(material: Material) -> Check:
    """A connection of our own failed in the way the fault promises, and was open before and after it."""
    run, id, evidence = material.run, CANARY.id, "faults.jsonl#canary"
    if answer := no_fault(id, run, material.reviewed):
        return answer
    findings = _findings(id, evidence, run)
    faults = run.fault_records
    proved = 0
    for fault in faults:
        if fault.expects is None:
            findings.unclear.append(f"{label_of(fault)}: its row does not say what a connection had to meet")
            continue
        if fault.expects.canary is None:
            continue
        proved += 1
        _add(canary_objections(fault, fault.expects.canary), findings)
    if not proved:
        return findings.check(
            "no fault of this run cuts TCP connections, so there is nothing to prove by one"
        )
    return findings.check(f"{', '.join(sorted({fault.kind for fault in faults}))} proved by the canary")


def _findings(id: str, evidence: str, run: RunFolder) -> Findings:
    torn = "faults.jsonl" in run.problems
    return Findings(id, evidence, unclear=[run.missing("faults.jsonl")] if torn else [])


def _add(objections: Iterator[tuple[str, str]], findings: Findings) -> None:
    """Pairs of what is wrong and what is not known, where one of both is empty."""
    for wrong, unclear in objections:
        findings.wrong.extend(filter(None, [wrong]))
        findings.unclear.extend(filter(None, [unclear]))


def _examine_receipt(
    run: RunFolder, fault: FaultRecord, faults: Sequence[FaultRecord], findings: Findings
) -> None:
    """Whether there is the proof that the fault's row asks for."""
    expects, label = fault.expects, label_of(fault)
    if expects is None:
        findings.unclear.append(f"{label}: its row does not say what would prove that it acted")
    elif expects.proof == "events":
        since = math.inf if fault.applied_at is None else fault.applied_at - END_SLACK_S
        if not any(
            event.instance == fault.instance and event.event in expects.events and (event.at or 0.0) >= since
            for event in run.readiness
        ):
            findings.wrong.append(f"{label}: the target saw nothing happen to it")
    elif expects.proof == "packets":
        if fault.packets is None:
            findings.unclear.append(f"{label}: how many packets it hit is not known")
        elif fault.packets <= 0 and not _hit_on_another_side(fault, faults):
            findings.wrong.append(f"{label} hit no packets: it did not happen")
        elif fault.packets > 0:
            _add(effect_objections(fault), findings)


def _hit_on_another_side(fault: FaultRecord, faults: Sequence[FaultRecord]) -> bool:
    """Whether another side of the same partition hit packets: one that only calls has nothing to drop."""
    return fault.note.startswith("partition of ") and any(
        other.note == fault.note and (other.packets or 0) > 0 for other in faults
    )


def _examine_overlap(run: RunFolder, fold: RequestStats, figures: Figures, findings: Findings) -> None:
    on = acted(run)
    if not on or fold.first_due_at is None or fold.last_due_at is None:
        findings.unclear.append("whether the load was on during the fault is not known")
        return
    lasting = [fault for fault in on if fault.planned_s is not None]
    if lasting and not at(figures.windows, "fault", "requests"):
        findings.wrong.append("no request was sent while the fault was on")
        return
    for fault in on:
        began_at, ended_at = fault.applied_at or 0.0, fault.ended_at or math.inf
        if fault.planned_s is None:
            # a kill is over in a moment, in which no request need be due: the load is to be on before it and after it
            met = fold.first_due_at <= began_at <= fold.last_due_at
        else:
            met = len(on) == 1 or any(
                began_at <= due_at <= ended_at for cell in fold.every_cell for due_at in cell.due_at
            )
        if not met:
            findings.wrong.append(f"no request was due while {label_of(fault)} was on")
        elif fault.planned_s is None:
            if why := too_short_behind(began_at, ended_at, fold.last_due_at):
                findings.unclear.append(
                    f"of {label_of(fault)}: {why}: begin it earlier, or let the load last longer"
                )
        else:
            loaded_s = min(ended_at, fold.last_due_at) - max(began_at, fold.first_due_at)
            _examine_share(fault, loaded_s, min(fault.planned_s, ended_at - began_at), findings)


def _examine_share(fault: FaultRecord, loaded_s: float, lasted_s: float, findings: Findings) -> None:
    """What was under a load for a moment was tried for a moment."""
    if loaded_s < lasted_s * LOADED_RATIO_MIN and lasted_s - loaded_s > END_SLACK_S:
        findings.unclear.append(
            f"the load was on for {max(loaded_s, 0):.2f} of the {lasted_s:.2f} s of {label_of(fault)}: "
            "begin the fault earlier (at_s), or let the load last longer"
        )


HIT = BuiltinCheck(
    id="SYS_FAULT_HIT",
    position=70,
    title="Did every fault act, on the instance that the experiment names, under load?",
    next_step=(
        "see that its port, peer and direction are those of the traffic of {instance} "
        "(chaosproof inject tries them), then: {again}"
    ),
    answer=fault_hit,
)

ENDED = BuiltinCheck(
    id="SYS_FAULT_ENDED",
    position=80,
    title="Did every fault end within 0.5 s of its deadline?",
    next_step="let nothing end it before its duration_s, and try this machine by chaosproof doctor; then: {again}",
    answer=fault_ended,
)

CANARY = BuiltinCheck(
    id="SYS_FAULT_CANARY",
    position=90,
    title="Did a connection of our own meet what each fault promises?",
    next_step="see by chaosproof doctor what this machine can do, let the port be one that answers, then: {again}",
    answer=fault_canary,
)
