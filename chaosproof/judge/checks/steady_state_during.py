"""SYS_STEADY_STATE_DURING: the hypothesis held each time that it was measured while the method ran.

Only a run of which that was asked has the row: by `runtime.hypothesis.strategy` in the experiment, or by the option
`--hypothesis-strategy` of `chaos run`. The toolkit itself only warns of what it measures then.
"""

from chaosproof.json_access import at
from chaosproof.judge.check import unknown
from chaosproof.judge.checks.base import BuiltinCheck, Material
from chaosproof.judge.checks.steady_state import measurement_of
from chaosproof.judge.findings import Findings
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.journal import SteadyState
from chaosproof.wording import counted

_STRATEGY = "runtime.hypothesis.strategy"
_STRATEGIES = ("continuously", "during-method-only")


def _applies(material: Material) -> bool:
    runtime = material.run.experiment.get("runtime")
    return bool(material.run.journal.during) or at(runtime, "hypothesis", "strategy") in _STRATEGIES


def _answer(material: Material) -> Check:
    run, id, evidence = material.run, CHECK.id, "journal.json#steady_states.during"
    during = run.journal.during
    if not during:
        why = (
            f"{_STRATEGY} asks for the hypothesis during the method, and none was made: see chaostoolkit.log"
        )
        return unknown(id, why, evidence)
    if dry := run.experiment.get("dry"):
        return unknown(id, f"nothing was measured: the experiment ran dry ({dry})", evidence)
    findings = Findings(id, evidence)
    unmet = [state for state in during if not _met(state)]
    if unmet:
        of = f"the steady state was not met {len(unmet)} of {counted(len(during), 'time')} during the method"
        broken = next((state for state in unmet if not _unanswered(state)), None)
        first = broken or unmet[0]
        list_ = findings.unclear if broken is None else findings.wrong
        list_.append(f"{of}, first {_first(first)}")
    short_of = [state for state in during if _met(state) and len(state.probes) != len(run.journal.probes)]
    if short_of:
        findings.unclear.append(f"not every probe was asked in {counted(len(short_of), 'measurement')}")
    return findings.check(
        f"met each of {counted(len(during), 'time')} that it was measured during the method"
    )


def _met(state: SteadyState) -> bool:
    return state.steady_state_met is True and all(probe.tolerance_met is True for probe in state.probes)


def _unanswered(state: SteadyState) -> bool:
    return bool(state.probes) and state.probes[-1].status != "succeeded"


def _first(state: SteadyState) -> str:
    probe = next((probe for probe in state.probes if probe.tolerance_met is not True), None)
    return "at an unknown instant" if probe is None else f"at {probe.start}: {measurement_of(probe)}"


CHECK = BuiltinCheck(
    id="SYS_STEADY_STATE_DURING",
    position=25,
    title="Was it within tolerance each time that it was measured during the method?",
    next_step=(
        "mend the system; or, for what the fault may break, state a claim of `checks` in {file} instead; or leave "
        "runtime.hypothesis.strategy (--hypothesis-strategy) out, if it must hold before and after alone; then: {again}"
    ),
    answer=_answer,
    applies=_applies,
)
