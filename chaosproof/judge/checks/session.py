"""The built-in checks of the session around a run: its end, steady state, activities, instances."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from chaosproof.json_access import at, flag, mapping, mappings, number, sequence, text, whole
from chaosproof.judge.capability import missing_capability
from chaosproof.judge.check import failed, passed, skipped, unknown
from chaosproof.judge.findings import Findings
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.provenance import experiment_sha256
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
    started_at, ended_at = number(run.session.get("started_at")), number(run.session.get("ended_at"))
    if started_at is None or ended_at is None:
        findings.unclear.append("session.json does not say when the session started and ended")
    elif ended_at < started_at:
        findings.wrong.append(f"the session ended {started_at - ended_at:.1f} s before it started")
    began_with = text(run.session.get("experiment_sha256"))
    if began_with and run.experiment and experiment_sha256(run.experiment) != began_with:
        findings.wrong.append("the experiment in journal.json is not the one that the session began with")
    if not_saved := run.session.get("not_saved"):
        findings.unclear.append(f"not everything could be saved: {_short(not_saved)}")
    if clock := _clock_moved(run):
        findings.wrong.append(clock)
    for key in ("experiment", "mode"):
        if not text(run.session.get(key)):
            findings.unclear.append(f"session.json names no {key}")
    return findings.check("the session ended by itself")


def _clock_moved(run: RunFolder) -> str:
    """Whether what was written down one after the other is told of backwards; such instants prove no order."""
    told = {
        "journal.json": [_epoch(text(entry.get("start"))) for entry in run.runs],
        "readiness.ndjson": [number(event.get("at")) for event in run.readiness],
        "load-progress.ndjson": [number(row.get("at")) for row in run.progress],
    }
    for file, instants in told.items():
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
    planned = mappings(at(run.experiment, "steady-state-hypothesis", "probes"))
    if not planned:
        return unknown(
            id, "the experiment states no steady-state hypothesis, so there is nothing to hold", evidence
        )
    state = mapping(at(run.journal, "steady_states", when))
    probes = mappings(state.get("probes"))
    met = flag(state.get("steady_state_met"))
    if not state or met is None:
        return unknown(id, f"the hypothesis was not measured {when} the method", evidence)
    unmet = next((p for p in probes if flag(p.get("tolerance_met")) is not True), None)
    if not met or unmet is not None:
        if unmet is None:
            return failed(id, f"the steady state was not met {when} the method", evidence)
        if unmet.get("status") != "succeeded":
            return unknown(id, f"probe {_name(unmet)!r} did not answer: {_exception(unmet)}", evidence)
        return failed(
            id,
            f"probe {_name(unmet)!r} measured {_short(unmet.get('output'))}, "
            f"outside of its tolerance {_tolerance(at(unmet, 'activity', 'tolerance'))}",
            evidence,
        )
    if len(probes) != len(planned):
        return unknown(id, f"{len(probes)} of {len(planned)} probes were asked", evidence)
    if dry := run.experiment.get("dry"):
        return unknown(id, f"nothing was measured: the experiment ran dry ({dry})", evidence)
    return passed(id, f"{_count(len(probes), 'probe')} within tolerance {when} the method", evidence)


def activities(run: RunFolder) -> Check:
    """Every activity of the method was run, once, and succeeded."""
    id, evidence = "SYS_ACTIVITIES", "journal.json#run"
    if lacking := missing_capability(run):
        return skipped(id, f"this machine cannot do it: {lacking}", evidence)
    return _all_succeeded(run, id, evidence, "activity", run.method, run.runs)


def rollbacks(run: RunFolder) -> Check:
    """Every rollback of the experiment was run, once, and succeeded."""
    planned = mappings(run.experiment.get("rollbacks"))
    done = mappings(run.journal.get("rollbacks"))
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
    done: Sequence[Mapping[str, Any]],
) -> Check:
    if "journal.json" in run.problems:
        return unknown(id, run.missing("journal.json"), evidence)
    if not planned and not done:
        return unknown(id, f"the experiment has no {noun}", evidence)
    findings = Findings(id, evidence)
    for entry in done:
        status = entry.get("status")
        if status == "failed":
            findings.wrong.append(f"{noun} {_name(entry)!r} failed: {_exception(entry)}")
        elif status != "succeeded":
            findings.wrong.append(f"{noun} {_name(entry)!r} did not end")
        elif flag(entry.get("tolerance_met")) is False:
            findings.wrong.append(f"{noun} {_name(entry)!r} was outside of its tolerance")
        if dry := at(entry, "activity", "dry") or run.experiment.get("dry"):
            findings.unclear.append(f"{noun} {_name(entry)!r} ran dry ({dry}): it did nothing")
    if len(done) != len(planned):
        findings.unclear.append(f"{len(done)} of {_count(len(planned), noun)} ran")
    return findings.check(f"{_count(len(done), noun)} ran and succeeded")


def instances(run: RunFolder) -> Check:
    """No instance died but those that were ended on purpose, and none of the rest is gone."""
    id, evidence = "SYS_INSTANCES", "session.json#states"
    if "session.json" in run.problems:
        return unknown(id, run.missing("session.json"), evidence)
    names = [text(i.get("name")) for i in mappings(run.session.get("instances"))]
    states = mapping(run.session.get("states"))
    if not names:
        return unknown(id, "session.json names no instances", "session.json#instances")
    findings = Findings(id, evidence)
    if "readiness.ndjson" in run.problems or not run.readiness:
        findings.unclear.append(f"who exited is not known; {run.missing('readiness.ndjson')}")
    for name in names:
        state = mapping(states.get(name))
        deaths, stops, alive = whole(state.get("deaths")), whole(state.get("stops")), flag(state.get("alive"))
        if deaths is None or alive is None:
            findings.unclear.append(f"the state of {name} at the end is not known")
            continue
        exits = [e for e in run.readiness if e.get("instance") == name and e.get("event") == "exited"]
        how = "".join(f": {_short(text(e.get('detail')))}" for e in exits[:1] if e.get("detail"))
        if deaths:
            findings.wrong.append(f"{name} died {_count(deaths, 'time')} without being asked to{how}")
        elif not alive and not stops:
            findings.wrong.append(f"{name} is not alive, and nobody stopped it")
        elif len(exits) > deaths + (stops or 0):
            findings.wrong.append(
                f"{name} was seen to exit {_count(len(exits), 'time')}, and was stopped {stops or 0}"
            )
    return findings.check(f"all {_count(len(names), 'instance')} lived, or were ended on purpose")


def _name(entry: Mapping[str, Any]) -> str:
    return text(at(entry, "activity", "name")) or "(no name)"


def _exception(entry: Mapping[str, Any]) -> str:
    """The last line of the exception that the toolkit kept: the sentence of it."""
    lines = [text(line).strip() for line in sequence(entry.get("exception"))]
    said = next((line for line in reversed(lines) if line), "it does not say why")
    return _short(said.splitlines()[-1].removeprefix("chaoslib.exceptions.ActivityFailed: "))


def _tolerance(tolerance: Any) -> str:
    """A range in words, in either way to write one; anything else as it stands."""
    bounds = sequence(tolerance) or sequence(at(tolerance, "range"))
    if len(bounds) == 2 and all(number(end) is not None for end in bounds):
        return f"{_short(bounds[0])} to {_short(bounds[1])}"
    return _short(tolerance)


def _short(value: Any) -> str:
    words = value if isinstance(value, str) else f"{value:.6g}" if isinstance(value, float) else repr(value)
    return words if len(words) <= _SHOWN_CHARS else words[:_SHOWN_CHARS] + "..."


def _count(number_of: int, noun: str) -> str:
    if number_of == 1:
        return f"1 {noun}"
    return f"{number_of} {noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"
