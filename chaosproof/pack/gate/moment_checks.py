"""The checks of a pack that ask of several runs whether an instance was ready, or a probe was answered."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from chaosproof.experiment.method_actions import own_module
from chaosproof.judge.findings import Findings
from chaosproof.pack.gate.rules import Rule
from chaosproof.pack.judged import JudgedRun
from chaosproof.runfolder.checks import Check

__all__ = ["answered", "ready"]

_MOMENTS = ("before", "after")


def ready(rule: Rule, runs: Sequence[JudgedRun]) -> Check:
    """In each run, every instance of the service was seen to be ready before the session called the target ready."""
    return _of_all(rule, runs, "readiness.ndjson", _examine_readiness)


def answered(rule: Rule, runs: Sequence[JudgedRun]) -> Check:
    """In each run, the probe was within its tolerance before the method and after it."""
    return _of_all(rule, runs, "journal.json#steady_states", _examine_hypothesis)


def _of_all(
    rule: Rule,
    runs: Sequence[JudgedRun],
    evidence: str,
    examine: Callable[[Rule, JudgedRun, Findings], None],
) -> Check:
    worst_at = runs[-1]
    findings = Findings(rule.id, "")
    for run in runs:
        before = len(findings.wrong), len(findings.unclear)
        examine(rule, run, findings)
        if (len(findings.wrong), len(findings.unclear)) != before:
            worst_at = run
    names = ", ".join(dict.fromkeys(run.name for run in runs))
    return replace(findings.check(f"{rule.claim}, in {names}"), evidence=f"{worst_at.place}/{evidence}")


def _examine_readiness(rule: Rule, run: JudgedRun, findings: Findings) -> None:
    session = run.run.session
    names = [instance.name for instance in session.instances if instance.service == rule.subject]
    ready_at = session.ready_at
    if not names or ready_at is None:
        findings.unclear.append(f"{run.name} knows no instance of {rule.subject} that was waited for")
        return
    for name in names:
        seen = any(
            row.instance == name and row.event == "ready" and (row.at or float("inf")) <= ready_at
            for row in run.run.readiness
        )
        if not seen:
            findings.wrong.append(f"{run.name}: {name} was not seen to be ready before the run began")


def _examine_hypothesis(rule: Rule, run: JudgedRun, findings: Findings) -> None:
    module, _, function = rule.subject.rpartition(".")
    for moment in _MOMENTS:
        state = run.run.journal.steady_states.get(moment)
        probes = [
            probe
            for probe in (state.probes if state else ())
            if (probe.module, probe.provider.get("func")) == (own_module(module), function)
        ]
        if not probes:
            findings.unclear.append(f"{run.name}: {rule.subject} was not asked {moment} the method")
        elif not all(probe.status == "succeeded" and probe.tolerance_met for probe in probes):
            findings.wrong.append(
                f"{run.name}: {rule.subject} was not answered {moment} the method as it must be"
            )
