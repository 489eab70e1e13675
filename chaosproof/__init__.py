"""Chaosproof: chaos-engineering experiments whose verdict can be trusted.

The names below are the public Python API; everything else may change. Each is imported when it is first used.

    >>> from chaosproof import Fault, checked_experiment
    >>> Fault(kind="reset", port=50051, duration_s=15).port
    50051
    >>> checked_experiment({"extensions": [{"name": "chaosproof", "experiment": "checkout", "chekcs": []}]})
    Traceback (most recent call last):
    chaosproof.errors.UsageError: chekcs: did you mean checks?

`judge_run(RUN_DIR).status` is the verdict of a saved run, `compare_runs(BASELINE_DIR, RESILIENT_DIR).status` that of
two. `FaultEngine(open_running({"target": "local"}).target).apply(fault, INSTANCE)` puts a fault on a lab that is up.

`Lab.up("system.yaml")` is a lab for a `with` block, with load, faults and a verdict: see `chaosproof.testing.lab`, and
`chaosproof.testing.pytest_plugin`, which gives it to tests.
"""

import importlib
from typing import Any

__all__ = [
    "ChaosproofError",
    "Experiment",
    "Fault",
    "FaultEngine",
    "Lab",
    "UsageError",
    "checked_experiment",
    "compare_runs",
    "judge_run",
    "open_running",
    "read_run",
]

__version__ = "0.2.0"

_HOMES = {
    "ChaosproofError": "chaosproof.errors",
    "Experiment": "chaosproof.experiment.experiment",
    "Fault": "chaosproof.faults.model",
    "FaultEngine": "chaosproof.faults.engine",
    "Lab": "chaosproof.testing.lab",
    "UsageError": "chaosproof.errors",
    "checked_experiment": "chaosproof.experiment.experiment",
    "compare_runs": "chaosproof.compare.compare",
    "judge_run": "chaosproof.judge.judge",
    "open_running": "chaosproof.targets.registry",
    "read_run": "chaosproof.runfolder.run_folder",
}


def discover(discover_system: bool = True) -> Any:
    """What `chaos discover --no-install chaosproof` finds: every action and probe, with its arguments.

    Chaos Toolkit asks the top-level package of a distribution for this function; `discover_system` changes nothing.
    """
    return importlib.import_module("chaosproof.toolkit.discovery").discover_activities()


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"chaosproof has no {name}")
    return getattr(importlib.import_module(_HOMES[name]), name)
