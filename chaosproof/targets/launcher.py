"""From a checked experiment to a system that runs: in a lab on this machine, or in a cluster.

What is different about starting and ending them is behind `Running`; whoever has one need not know which it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.targets.base import Target
from chaosproof.targets.local.control_client import take_down
from chaosproof.targets.local.launcher import launch_lab
from chaosproof.targets.local.target import LocalTarget
from chaosproof.targets.registry import KINDS
from chaosproof.targets.system.model import Service, System
from chaosproof.targets.system.system_file import load_system

__all__ = ["Running", "launch", "system_to_run"]


@dataclass(frozen=True)
class Running:
    """A system that runs: how to act on it, where this machine reaches it, and how to end it.

    `name` is the lab's, or that of the cluster's namespace. `take_down` leaves nothing of what `launch` put there.
    """

    target: Target
    name: str
    endpoints: Mapping[str, str]
    timings: Mapping[str, float]
    take_down: Callable[[], None]
    facts: Mapping[str, Any] = field(default_factory=dict)


def system_to_run(variables: Mapping[str, Any], mode: str, scenario: str | None) -> System:
    """The system file of the variables with its overlays; or the one `service` of somebody's own that is deployed.

    Raises `UsageError` for a file that cannot be read, or when neither is named.
    """
    if variables.get("system"):
        return load_system(Path(str(variables["system"])), mode, scenario)
    if not variables.get("service"):
        raise UsageError(
            "The experiment's configuration must say 'system', or the 'service' that is deployed."
        )
    name = str(variables["service"])
    return System(
        name=name,
        file="",
        services=(Service(name=name, command=()),),
        scrape_interval_s=1.0,
        values={},
        values_files=(),
    )


def launch(
    kind: str, system: System, variables: Mapping[str, Any], *, name: str, events_file: Path
) -> Running:
    """Start the system and return when it is ready; every change of an instance goes to `events_file`.

    `name` is for a lab. Raises `UsageError` when it cannot run there, `TargetError` with the reason when it does not
    get ready; then nothing is left of it.
    """
    if kind == "local":
        lab = launch_lab(system, name=name, events_file=events_file)
        return Running(
            LocalTarget(lab.name), lab.name, lab.endpoints, lab.timings, lambda: take_down(lab.name)
        )
    if kind == "kubernetes":
        # Imported late: the client of a cluster takes its time, and a lab needs none.
        from chaosproof.targets.kubernetes.deploy.launcher import launch_in_cluster

        cluster = launch_in_cluster(system, variables, run=name, events_file=events_file)
        return Running(
            cluster.target,
            cluster.settings.namespace,
            cluster.endpoints,
            cluster.timings,
            cluster.take_down,
            cluster.facts,
        )
    raise UsageError(f"Unknown target {kind!r}; known targets: {', '.join(KINDS)}.")
