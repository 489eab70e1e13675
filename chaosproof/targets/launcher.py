"""The contract of a target's launcher: from a system to one that runs, and from one that runs to how to act on it.

A target is a file or a folder beside this one that has a `LAUNCHER`; `chaosproof.targets.registry` finds it there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from chaosproof.targets.base import Target
from chaosproof.targets.system.model import System

__all__ = ["Launcher", "Running", "launch", "system_to_run"]


@dataclass(frozen=True)
class Running:
    """A system that runs: how to act on it, where this machine reaches it, and how to end it.

    `name` is what the target calls this system: a lab's name, or that of a cluster's namespace. `endpoints` are URLs by
    name, `timings` seconds from the call to a stage, `facts` what the record of a run says of the place. `take_down`
    leaves nothing of what `launch` put there; a system that was only opened goes on.
    """

    target: Target
    name: str
    endpoints: Mapping[str, str] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)
    take_down: Callable[[], None] = lambda: None
    facts: Mapping[str, Any] = field(default_factory=dict)


class Launcher(Protocol):
    """One kind of target. What takes long to import, such as the client of a cluster, is imported by its methods."""

    @property
    def name(self) -> str:
        """What an experiment calls it: `"target": "local"`."""

    def open(self, variables: Mapping[str, Any]) -> Running:
        """A system that runs already, as the experiment's `variables` name it; taking it down does nothing.

        Raises `UsageError` or `TargetError` when there is none.
        """

    def launch(
        self, system: System, variables: Mapping[str, Any], *, name: str, events_file: Path
    ) -> Running:
        """Start `system` and return when it is ready; every change of an instance goes to `events_file`.

        `name` tells this run from others. Raises `UsageError` when the system cannot run there, `TargetError` with the
        reason when it does not get ready; then nothing is left of it.
        """


def system_to_run(variables: Mapping[str, Any], mode: str, scenario: str | None) -> System:
    """Goes as soon as its only caller asks `chaosproof.targets.system.system_file` for it."""
    from chaosproof.targets.system import system_file

    return system_file.system_to_run(variables, mode, scenario)


def launch(
    kind: str, system: System, variables: Mapping[str, Any], *, name: str, events_file: Path
) -> Running:
    """Goes as soon as its only caller asks the registry: `launcher_of(kind).launch(...)`."""
    from chaosproof.targets.registry import launcher_of

    return launcher_of(kind).launch(system, variables, name=name, events_file=events_file)
