"""The target `local`: a lab of namespaces on this machine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosproof.targets.base import Running
from chaosproof.targets.system.definition import System

__all__ = ["LAUNCHER"]


class _LocalLauncher:
    """Imports late: the first process of a lab imports this package, too, and is to be up soon."""

    name = "local"

    def open(self, variables: Mapping[str, Any]) -> Running:
        """The lab that `lab` names; without it the only one of this checkout that is up, and of no run."""
        from chaosproof.targets.local.listed_labs import only_lab
        from chaosproof.targets.local.target import LocalTarget

        lab = str(variables.get("lab") or only_lab())
        return Running(LocalTarget(lab), lab)

    def launch(
        self, system: System, variables: Mapping[str, Any], *, name: str, events_file: Path
    ) -> Running:
        from chaosproof.targets.local.launcher import launch_lab

        return launch_lab(system, name=name, events_file=events_file)


LAUNCHER = _LocalLauncher()
