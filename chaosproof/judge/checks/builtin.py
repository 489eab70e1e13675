"""The checks of every run (`SYS_*`), in a fixed order: a run that lacks one of them is never a pass."""

from chaosproof.judge.check import guarded
from chaosproof.judge.checks import session
from chaosproof.judge.checks.artifacts import artifacts
from chaosproof.judge.checks.event_chain import events
from chaosproof.judge.checks.fault import fault_canary, fault_ended, fault_hit
from chaosproof.judge.checks.load import load_accounted, load_rate
from chaosproof.judge.figures.request_stats import RequestStats
from chaosproof.judge.figures.summary import Figures
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["REQUIRED", "builtin_checks"]

REQUIRED = (
    "SYS_SESSION_COMPLETE",
    "SYS_STEADY_STATE_BEFORE",
    "SYS_STEADY_STATE_AFTER",
    "SYS_ACTIVITIES",
    "SYS_LOAD_RATE",
    "SYS_LOAD_ACCOUNTED",
    "SYS_FAULT_HIT",
    "SYS_FAULT_ENDED",
    "SYS_FAULT_CANARY",
    "SYS_ROLLBACKS",
    "SYS_ARTIFACTS",
    "SYS_INSTANCES",
    "SYS_EVENTS",
)


def builtin_checks(run: RunFolder, fold: RequestStats, figures: Figures) -> tuple[Check, ...]:
    """One Check for each of REQUIRED, in that order. A checker that crashes gives `unknown`."""
    questions = {
        "SYS_SESSION_COMPLETE": lambda: session.session_complete(run),
        "SYS_STEADY_STATE_BEFORE": lambda: session.steady_state(run, "before"),
        "SYS_STEADY_STATE_AFTER": lambda: session.steady_state(run, "after"),
        "SYS_ACTIVITIES": lambda: session.activities(run),
        "SYS_LOAD_RATE": lambda: load_rate(run, fold, figures),
        "SYS_LOAD_ACCOUNTED": lambda: load_accounted(run, fold),
        "SYS_FAULT_HIT": lambda: fault_hit(run, fold, figures),
        "SYS_FAULT_ENDED": lambda: fault_ended(run),
        "SYS_FAULT_CANARY": lambda: fault_canary(run),
        "SYS_ROLLBACKS": lambda: session.rollbacks(run),
        "SYS_ARTIFACTS": lambda: artifacts(run, fold),
        "SYS_INSTANCES": lambda: session.instances(run),
        "SYS_EVENTS": lambda: events(run),
    }
    return tuple(guarded(id, "journal.json", questions[id]) for id in REQUIRED)
