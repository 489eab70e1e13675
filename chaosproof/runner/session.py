"""The session of one run: its folder, its record, its target, and what makes faults on it.

`chaosproof.runner.lifecycle` begins a session before the experiment, `chaosproof.runner.finish` ends it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.foreign import ForeignWatch
from chaosproof.faults.limits import PROTECTED_PORTS, Limits
from chaosproof.faults.process import ProcessFaults
from chaosproof.runfolder.session import SessionRecord
from chaosproof.runner.settings import DEFAULT_CEILING_S, count, flag, number, ports
from chaosproof.targets import Target
from chaosproof.targets.registry import open_running

__all__ = ["Session", "clock_lead_s", "limits_of", "open_session"]


@dataclass(frozen=True)
class Session:
    """Where this run writes, the system that it acts on, and those who know this run's faults.

    `run_dir` and `record` (session.json as it was written last) are None outside of a run. `lab` is the lab's name, or
    the cluster's namespace; `take_down` ends the system, where this run started it, and `is_up` is false once somebody
    else has. `load` is what the experiment says of its load, with its variables filled in; `variables` are those of the
    run as checked, and where its endpoints are; `secrets` are texts that are written nowhere. `foreign` looks for what
    others put into the instances' networks. `clock_lead_s` is that of the moment at which it began.
    """

    run_dir: Path | None
    target: Target
    lab: str
    faults: FaultEngine
    processes: ProcessFaults
    take_down: Callable[[], None] = lambda: None
    is_up: Callable[[], bool] = lambda: True
    record: SessionRecord | None = None
    load: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    foreign: ForeignWatch | None = None
    clock_lead_s: float = field(default_factory=lambda: clock_lead_s())

    @property
    def folder(self) -> Path:
        """The run folder; `ChaosproofError` when this is not a run."""
        if self.run_dir is None:
            raise ChaosproofError(
                "There is no run folder: the experiment has no session "
                '(add {"name": "session", "provider": {"type": "python", "module": "chaosproof.controls.session"}} '
                "to its controls)."
            )
        return self.run_dir


def clock_lead_s() -> float:
    """How far the clock, which anybody can set, is ahead of the time that has passed: the same for a whole run."""
    return time.time() - time.monotonic()


def open_session(variables: Mapping[str, Any]) -> Session:
    """A session outside of a run, on the system that runs already: see `Launcher.open` of its target.

    Raises `TargetError` when there is none.
    """
    running = open_running(variables)
    limits = limits_of(variables)
    target = running.target
    return Session(
        None, target, running.name, FaultEngine(target, limits=limits), ProcessFaults(target, limits=limits)
    )


def limits_of(variables: Mapping[str, Any]) -> Limits:
    """What faults may do in this run, by its variables."""
    instances_max = variables.get("instances_max")
    return Limits(
        ceiling_s=number("ceiling_s", variables.get("ceiling_s", DEFAULT_CEILING_S)),
        instances_max=count("instances_max", instances_max) if instances_max else None,
        allow_all=flag("allow_all", variables.get("allow_all", False)),
        protected_ports=PROTECTED_PORTS | ports("protected_ports", variables.get("protected_ports") or []),
    )
