"""The target `containers`: a project of containers of Podman or Docker, from a Compose file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.targets.base import Running
from chaosproof.targets.system.definition import System

__all__ = ["LAUNCHER"]


class _ContainersLauncher:
    """Imports late: the client of an engine takes a fifth of a second, and other targets need none."""

    name = "containers"

    def open(self, variables: Mapping[str, Any]) -> Running:
        """The one container that `container` names, on the engine that `engine` does: see `one_container`."""
        from chaosproof.targets.containers.one_container import open_container

        if not variables.get("container"):
            raise UsageError("Name the container that is meant: chaosproof inject KIND --container NAME.")
        _, running = open_container(str(variables["container"]), engine=variables.get("engine") or None)
        return running

    def launch(
        self, system: System, variables: Mapping[str, Any], *, name: str, events_file: Path
    ) -> Running:
        from chaosproof.targets.containers.launcher import launch_project

        return launch_project(system, variables, run=name, events_file=events_file)


LAUNCHER = _ContainersLauncher()
