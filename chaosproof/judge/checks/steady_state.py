"""SYS_STEADY_STATE_BEFORE and _AFTER: the hypothesis held before the method and after it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from chaosproof.experiment.tolerances import tolerance_mistakes
from chaosproof.json_access import at, number, sequence
from chaosproof.judge.check import failed, passed, unknown
from chaosproof.judge.checks.base import BuiltinCheck
from chaosproof.judge.next_steps import MARK
from chaosproof.review.facts.effect import last_line_of, name_of
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.journal import ActivityRun
from chaosproof.runfolder.run_folder import RunFolder
from chaosproof.wording import counted, short

__all__ = ["measurement_of"]


def _answer(run: RunFolder, when: str) -> Check:
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
        answer = failed if unmet.status == "succeeded" else unknown
        return answer(id, measurement_of(unmet), evidence)
    if when == "after" and run.journal.deviated:
        why = "the toolkit says that the steady state deviated, and its measurement after the method says met"
        return failed(id, why, "journal.json#deviated")
    measured = len(state.probes)
    if measured != len(planned):
        return unknown(id, f"{measured} of {len(planned)} probes were asked", evidence)
    if dry := run.experiment.get("dry"):
        return unknown(id, f"nothing was measured: the experiment ran dry ({dry})", evidence)
    if anything := next(tolerance_mistakes(run.experiment, _replicas(run)), ""):
        why, _, instead = anything.rpartition(": ")
        return unknown(id, f"{why}{MARK}{instead}", evidence)
    return passed(id, f"{counted(measured, 'probe')} within tolerance {when} the method", evidence)


def _replicas(run: RunFolder) -> Mapping[str, int]:
    """How many instances each service has."""
    return Counter(instance.service for instance in run.session.instances)


def measurement_of(unmet: ActivityRun) -> str:
    """What a probe that was not within its tolerance measured, as a sentence."""
    if unmet.status != "succeeded":
        return f"probe {name_of(unmet)!r} did not answer: {last_line_of(unmet)}"
    bounds = _tolerance(unmet.activity.get("tolerance"))
    return f"probe {name_of(unmet)!r} measured {short(unmet.output)}, outside of its tolerance {bounds}"


def _tolerance(tolerance: Any) -> str:
    """A range in words, in either way to write one; anything else as it stands."""
    bounds = sequence(tolerance) or sequence(at(tolerance, "range"))
    if len(bounds) == 2 and all(number(end) is not None for end in bounds):
        return f"{short(bounds[0])} to {short(bounds[1])}"
    return short(tolerance)


BEFORE = BuiltinCheck(
    id="SYS_STEADY_STATE_BEFORE",
    position=20,
    title="Was the hypothesis within tolerance before the method?",
    next_step="mend the system, or the probe and its tolerance in the steady-state-hypothesis of {file}, then: {again}",
    answer=lambda material: _answer(material.run, "before"),
)

AFTER = BuiltinCheck(
    id="SYS_STEADY_STATE_AFTER",
    position=30,
    title="Was it within tolerance after the method?",
    next_step="see in report.html what had not recovered, mend it, or the tolerance in {file}, then: {again}",
    answer=lambda material: _answer(material.run, "after"),
)
