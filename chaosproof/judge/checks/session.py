"""The built-in checks of the session around a run: its end, steady state, activities, instances."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from chaosproof.json_access import at, number, sequence
from chaosproof.judge.capability import missing_capability
from chaosproof.judge.check import failed, passed, skipped, unknown
from chaosproof.judge.findings import Findings
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.journal import ActivityRun, Journal
from chaosproof.runfolder.load import LoadProgress
from chaosproof.runfolder.provenance import experiment_sha256
from chaosproof.runfolder.readiness import ReadinessRow
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["activities", "instances", "rollbacks", "session_complete", "steady_state"]

_SHOWN_CHARS = 240
# a clock that is set right moves by less
_CLOCK_SLACK_S = 1.0


def session_complete(run: RunFolder) -> Check:
    """The session wrote its own end, the toolkit came to one, and both tell of one experiment and one clock."""
    id, evidence = "SYS_SESSION_COMPLETE", "session.json#complete"
    if why := run.unfinished:
        return unknown(id, why, "journal.json#status" if "journal" in why else evidence)
    findings = Findings(id, evidence)
    started_at, ended_at = run.session.started_at, run.session.ended_at
    if started_at is None or ended_at is None:
        findings.unclear.append("session.json does not say when the session started and ended")
    elif ended_at < started_at:
        findings.wrong.append(f"the session ended {started_at - ended_at:.1f} s before it started")
    began_with = run.session.experiment_sha256
    if began_with and run.experiment and experiment_sha256(run.experiment) != began_with:
        findings.wrong.append("the experiment in journal.json is not the one that the session began with")
    if not_saved := run.session.not_saved:
        findings.unclear.append(f"not everything could be saved: {_short(not_saved)}")
    if clock := _clock_moved(run):
        findings.wrong.append(clock)
    for key, value in (("experiment", run.session.experiment), ("mode", run.session.mode)):
        if not value:
            findings.unclear.append(f"session.json names no {key}")
    return findings.check("the session ended by itself")


def _clock_moved(run: RunFolder) -> str:
    """Whether rows that were written one after the other go back in time; such instants prove no order."""
    recorded = {
        Journal.FILE: [_epoch(entry.start) for entry in run.journal.run],
        ReadinessRow.FILE: [event.at for event in run.readiness],
        LoadProgress.FILE: [row.at for row in run.progress],
    }
    for file, instants in recorded.items():
        known = [instant for instant in instants if instant is not None]
        back_s = max((before - after for before, after in pairwise(known)), default=0.0)
        if back_s > _CLOCK_SLACK_S:
            return f"the clock was moved back by {back_s:.1f} s during the run, by {file}"
    return ""


def _epoch(iso: str) -> float | None:
    try:
        return datetime.fromisoformat(iso).timestamp()
    except ValueError:
        return None


def steady_state(run: RunFolder, when: str) -> Check:
    """The hypothesis held `when` ("before", "after"): each of its probes was within tolerance."""
    id, evidence = f"SYS_STEADY_STATE_{when.upper()}", f"journal.json#steady_states.{when}"
    if "journal.json" in run.problems:
        return unknown(id, run.missing("journal.json"), evidence)
    planned = run.journal.probes
    if not planned:
        return unknown(
            id, "the experiment states no steady-state hypothesis, so there is nothing to hold", evidence
        )
    state = run.journal.steady_states.get(when)
    if state is None or state.steady_state_met is None:
        return unknown(id, f"the hypothesis was not measured {when} the method", evidence)
    unmet = next((probe for probe in state.probes if probe.tolerance_met is not True), None)
    if not state.steady_state_met or unmet is not None:
        if unmet is None:
            return failed(id, f"the steady state was not met {when} the method", evidence)
        if unmet.status != "succeeded":
            return unknown(id, f"probe {_name(unmet)!r} did not answer: {_exception(unmet)}", evidence)
        return failed(
            id,
            f"probe {_name(unmet)!r} measured {_short(unmet.output)}, "
            f"outside of its tolerance {_tolerance(unmet.activity.get('tolerance'))}",
            evidence,
        )
    measured = len(state.probes)
    if measured != len(planned):
        return unknown(id, f"{measured} of {len(planned)} probes were asked", evidence)
    if dry := run.experiment.get("dry"):
        return unknown(id, f"nothing was measured: the experiment ran dry ({dry})", evidence)
    return passed(id, f"{_count(measured, 'probe')} within tolerance {when} the method", evidence)


def activities(run: RunFolder) -> Check:
    """Every activity of the method was run, once, and succeeded."""
    id, evidence = "SYS_ACTIVITIES", "journal.json#run"
    if lacking := missing_capability(run):
        return skipped(id, f"this machine cannot do it: {lacking}", evidence)
    return _all_succeeded(run, id, evidence, "activity", run.journal.planned("method"), run.journal.run)


def rollbacks(run: RunFolder) -> Check:
    """Every rollback of the experiment was run, once, and succeeded."""
    planned, done = run.journal.planned("rollbacks"), run.journal.rollbacks
    id, evidence = "SYS_ROLLBACKS", "journal.json#rollbacks"
    if not planned and not done and "journal.json" not in run.problems and run.experiment:
        return passed(id, "the experiment declares no rollbacks", evidence)
    return _all_succeeded(run, id, evidence, "rollback", planned, done)


def _all_succeeded(
    run: RunFolder,
    id: str,
    evidence: str,
    noun: str,
    planned: Sequence[Mapping[str, Any]],
    done: Sequence[ActivityRun],
) -> Check:
    if "journal.json" in run.problems:
        return unknown(id, run.missing("journal.json"), evidence)
    if not planned and not done:
        return unknown(id, f"the experiment has no {noun}", evidence)
    findings = Findings(id, evidence)
    for entry in done:
        if entry.status == "failed":
            findings.wrong.append(f"{noun} {_name(entry)!r} failed: {_exception(entry)}")
        elif entry.status != "succeeded":
            findings.wrong.append(f"{noun} {_name(entry)!r} did not end")
        elif entry.tolerance_met is False:
            findings.wrong.append(f"{noun} {_name(entry)!r} was outside of its tolerance")
        if dry := entry.activity.get("dry") or run.experiment.get("dry"):
            findings.unclear.append(f"{noun} {_name(entry)!r} ran dry ({dry}): it did nothing")
    if len(done) != len(planned):
        findings.unclear.append(f"{len(done)} of {_count(len(planned), noun)} ran")
    return findings.check(f"{_count(len(done), noun)} ran and succeeded")


def instances(run: RunFolder) -> Check:
    """No instance died but those that were ended on purpose, and none of the rest is gone."""
    id, evidence = "SYS_INSTANCES", "session.json#states"
    if "session.json" in run.problems:
        return unknown(id, run.missing("session.json"), evidence)
    names = [instance.name for instance in run.session.instances]
    if not names:
        return unknown(id, "session.json names no instances", "session.json#instances")
    findings = Findings(id, evidence)
    if "readiness.ndjson" in run.problems or not run.readiness:
        findings.unclear.append(f"who exited is not known; {run.missing('readiness.ndjson')}")
    for name in names:
        state = run.session.states.get(name)
        if state is None or state.deaths is None or state.alive is None:
            findings.unclear.append(f"the state of {name} at the end is not known")
            continue
        exits = [e for e in run.readiness if e.instance == name and e.event == "exited"]
        how = "".join(f": {_short(e.detail)}" for e in exits[:1] if e.detail)
        stops = state.stops or 0
        if state.deaths:
            findings.wrong.append(f"{name} died {_count(state.deaths, 'time')} without being asked to{how}")
        elif not state.alive and not stops:
            findings.wrong.append(f"{name} is not alive, and nobody stopped it")
        elif len(exits) > stops:
            findings.wrong.append(
                f"{name} was seen to exit {_count(len(exits), 'time')}, and was stopped {stops}"
            )
    return findings.check(f"all {_count(len(names), 'instance')} lived, or were ended on purpose")


def _name(entry: ActivityRun) -> str:
    return entry.name or "(no name)"


def _exception(entry: ActivityRun) -> str:
    """The last line of the exception that the toolkit kept: the sentence of it."""
    last = next((line.strip() for line in reversed(entry.exception) if line.strip()), "it does not say why")
    return _short(last.splitlines()[-1].removeprefix("chaoslib.exceptions.ActivityFailed: "))


def _tolerance(tolerance: Any) -> str:
    """A range in words, in either way to write one; anything else as it stands."""
    bounds = sequence(tolerance) or sequence(at(tolerance, "range"))
    if len(bounds) == 2 and all(number(end) is not None for end in bounds):
        return f"{_short(bounds[0])} to {_short(bounds[1])}"
    return _short(tolerance)


def _short(value: Any) -> str:
    shown = value if isinstance(value, str) else f"{value:.6g}" if isinstance(value, float) else repr(value)
    return shown if len(shown) <= _SHOWN_CHARS else shown[:_SHOWN_CHARS] + "..."


def _count(number_of: int, noun: str) -> str:
    if number_of == 1:
        return f"1 {noun}"
    return f"{number_of} {noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"
