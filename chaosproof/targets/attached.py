"""A process that runs already, in a network namespace of its own, such as a container: faults act in its network.

    chaosproof inject reset --pid 1234 --port 50051 --duration 15s

It is not ours: it is neither started nor stopped, and this target knows nothing of it but its network. That is
held open from the first look on, so neither the process's end nor another one with its number leads elsewhere.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.base import CommandResult, Inside, Instance, InstanceState, Running
from chaosproof.targets.limited import LimitedTarget
from chaosproof.targets.process_network import ProcessNetwork
from chaosproof.targets.system.definition import System

__all__ = ["LAUNCHER", "SERVICE", "AttachedTarget"]

SERVICE = "process"


class AttachedTarget(LimitedTarget):
    """The one instance `pid-N`, of the service `process`.

    Raises `UsageError` where there is no such process, where its network may not be entered, and, unless
    `allow_host_network`, where it is the machine's own.
    """

    kind = "attached"

    def __init__(self, pid: int, *, allow_host_network: bool = False) -> None:
        self._pid = pid
        self._network = ProcessNetwork(pid, f"process {pid}")
        if not allow_host_network and self._network.is_own:
            raise UsageError(
                f"Process {pid} is in this machine's own network, where a fault would hit everything: "
                "name a process in a network namespace of its own, or give --allow-host-network."
            )
        super().__init__([Instance(f"pid-{pid}", SERVICE, *self._network.addresses())])

    def states(self) -> Mapping[str, InstanceState]:
        name, alive = f"pid-{self._pid}", Path(f"/proc/{self._pid}").exists()
        return {name: InstanceState(name, alive=alive, ready=alive, pid=self._pid)}

    def run(
        self,
        instance: str,
        argv: Sequence[str],
        *,
        stdin: str = "",
        timeout_s: float = 10.0,
        inside: Inside = "network",
    ) -> CommandResult:
        self.instance(instance)
        if inside != "network":
            raise self._cannot("run a program inside it")
        return self._network.run(argv, stdin=stdin, timeout_s=timeout_s)

    def _cannot(self, what: str) -> TargetError:
        return TargetError(f"Process {self._pid} is not ours: only its network can be acted on, not {what}.")


class _AttachedLauncher:
    name = "attached"

    def open(self, variables: Mapping[str, Any]) -> Running:
        """The process `pid`; with `allow_host_network` also where that is in the machine's own network."""
        if not isinstance(variables.get("pid"), int):
            raise UsageError("Name the process that is to be attached: chaosproof inject KIND --pid PID.")
        target = AttachedTarget(
            variables["pid"], allow_host_network=variables.get("allow_host_network") is True
        )
        return Running(target, target.instances()[0].name)

    def launch(
        self, system: System, variables: Mapping[str, Any], *, name: str, events_file: Path
    ) -> Running:
        raise UsageError(
            f"The target attached is for a process that runs already, and {system.name} is to be started: "
            "use the target local or kubernetes, or chaosproof inject KIND --pid PID."
        )


LAUNCHER = _AttachedLauncher()
