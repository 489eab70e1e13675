"""What to do about a check that does not pass: a sentence behind its details, by the options that the run was given."""

from dataclasses import replace

from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["MARK", "add_next_step", "answer_of", "filled_in"]

MARK = ". Next: "
"""Parts what a check answers from what to do about it."""


def add_next_step(check: Check, step: str) -> Check:
    """The check with `step` behind its details, where it does not pass and says no step yet."""
    if check.status == "pass" or MARK in check.details or not step:
        return check
    return replace(check, details=f"{check.details.rstrip('.')}{MARK}{step}")


def answer_of(check: Check) -> str:
    """The details of a check without what to do about it."""
    return check.details.partition(MARK)[0]


def filled_in(step: str, run: RunFolder) -> str:
    """`step` with what this run was given in the place of `{again}`, the command that does it again, `{file}`, its
    experiment, `{rate_rps}`, `{connections}`, the load's, and `{instance}`, the one that the fault was meant for.
    """
    session = run.session
    file = session.experiment_file or f"experiments/{session.experiment or 'EXPERIMENT'}.json"
    mode = f" --var mode={session.mode}" if session.mode else ""
    rate_rps, connections = run.load_plan.rate_rps, run.load_plan.connections
    return step.format(
        again=f"chaos run {file}{mode}",
        file=file,
        rate_rps="no cap" if rate_rps is None else f"{rate_rps:g}",
        connections=connections or "unknown",
        instance=run.variables.get("fault_instance") or "the instance",
    )
