"""The session around a run: target up, steady load, and afterwards everything saved, then judged.

In an experiment: `"controls": [{"name": "session", "provider": {"type": "python", "module":
"controls.session"}}]`.

Chaos Toolkit swallows what a control raises, but for `InterruptExecution`, and calls a run completed whose
only fault raised. So every way out of here sets the journal's status, and only a verdict of pass leaves it
completed.
"""

import sys

from chaoslib.exceptions import InterruptExecution
from chaoslib.types import Configuration, Experiment, Journal, Secrets

from chaosproof.errors import ChaosproofError
from chaosproof.experiment.experiment import read_experiment
from chaosproof.runner.finish import save_and_take_down
from chaosproof.runner.progress import start_progress, stop_progress
from chaosproof.runner.session import Session, begin
from chaosproof.runner.verdict import conclude, print_verdict
from chaosproof.runner.warmup import start_warmup
from controls.events import (
    after_activity_control,
    after_hypothesis_control,
    after_method_control,
    before_activity_control,
    before_hypothesis_control,
    before_method_control,
    before_rollback_control,
)
from controls.interruption import attend_to_signals, leave_signals

__all__ = [
    "after_activity_control",
    "after_experiment_control",
    "after_hypothesis_control",
    "after_method_control",
    "before_activity_control",
    "before_experiment_control",
    "before_hypothesis_control",
    "before_method_control",
    "before_rollback_control",
]


def before_experiment_control(
    context: Experiment, configuration: Configuration = None, secrets: Secrets = None
) -> None:
    """Check the settings, bring the target up, start the warm-up load and wait `warmup_s` of it.

    What goes wrong ends the run with one sentence (`InterruptExecution`), before any fault.
    """
    settings = {} if configuration is None else configuration
    attend_to_signals()
    try:
        session = begin(context, settings)
        experiment = read_experiment(context)
        start_progress(session, settings, experiment.watch)
        start_warmup(session, settings, experiment.load)
    except ChaosproofError as error:
        raise InterruptExecution(str(error)) from error


def after_experiment_control(
    context: Experiment, state: Journal, configuration: Configuration = None, secrets: Secrets = None
) -> None:
    """Save everything, take the target down, judge, and let the journal's status follow from the verdict."""
    settings = {} if configuration is None else configuration
    if not Session.has_begun(settings):
        # Nothing was begun: whatever the journal says, nothing was proven either.
        state["status"] = "interrupted" if state["status"] == "completed" else state["status"]
        leave_signals()
        return
    untouched_status = state["status"]
    state["status"] = "aborted"
    session = Session.of(settings)
    try:
        stop_progress(session.folder)
        interrupted = (
            None if untouched_status in ("completed", "failed") else f"the run was {untouched_status}"
        )
        save_and_take_down(session, {**state, "status": untouched_status}, settings, interrupted)
        verdict = conclude(session.folder)
    except Exception as error:
        print(f"The run could not be judged: {error}", file=sys.stderr)
        state["chaosproof"] = {"verdict": "unknown", "reason": str(error), "run_dir": str(session.folder)}
        return
    finally:
        leave_signals()
    state["chaosproof"] = {"verdict": verdict.status, "run_dir": str(session.folder)}
    state["status"] = untouched_status
    if verdict.status == "fail":
        state["deviated"] = True
    elif verdict.status == "unknown" and untouched_status == "completed":
        state["status"] = "failed"
    print_verdict(session.folder, verdict)
