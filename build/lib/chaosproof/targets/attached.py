"""A process that runs already, in a network namespace of its own, such as a container: faults act in its network.

    chaosproof inject reset --pid 1234 --port 50051 --duration 15s

It is not ours: it is neither started nor stopped, and this target knows nothing of it but its network. That is
held open from the first look on, so neither the process's end nor another one with its number leads elsewhere.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.base import CommandResult, Inside, Instance, InstanceState, Running
from chaosproof.targets.host_command import run_to_end
from chaosproof.targets.limited import LimitedTarget
from chaosproof.targets.system.definition import System

__all__ = ["LAUNCHER", "SERVICE", "AttachedTarget"]

SERVICE = "process"
# Our own network, and that of the machine's first process, which are two inside a container.
_OWN_NETWORKS = (Path("/proc/self/ns/net"), Path("/proc/1/ns/net"))


class AttachedTarget(LimitedTarget):
    """The one instance `pid-N`, of the service `process`.

    Raises `UsageError` where there is no such process, where its network may not be entered, and, unless
    `allow_host_network`, where it is the machine's own.
    """

    kind = "attached"

    def __init__(self, pid: int, *, allow_host_network: bool = False) -> None:
        self._pid = pid
        try:
            self._network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
            self._user = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY)
        except FileNotFoundError as error:
            raise UsageError(f"There is no process {pid}.") from error
        except PermissionError as error:
            raise UsageError(
                f"The network of process {pid} may not be entered by user {os.getuid()}: be its owner, or root."
            ) from error
        if not allow_host_network and _same(self._network, *_OWN_NETWORKS):
            raise UsageError(
                f"Process {pid} is in this machine's own network, where a fault would hit everything: "
                "name a process in a network namespace of its own, or give --allow-host-network."
            )
        listed = self._enter(["ip", "-j", "address", "show", "scope", "global"], "", 10.0)
        if listed.exit_code != 0:
            raise UsageError(
                f"The network of process {pid} could not be entered by user {os.getuid()}: {listed.stderr.strip()}"
            )
        super().__init__([_instance(pid, listed.stdout)])

    def __del__(self) -> None:
        for name in ("_network", "_user"):
            if name in self.__dict__:
                os.close(self.__dict__.pop(name))

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
        return self._enter(argv, stdin, timeout_s)

    def _enter(self, argv: Sequence[str], stdin: str, timeout_s: float) -> CommandResult:
        enter = ["nsenter", f"--net=/proc/self/fd/{self._network}"]
        # root may enter any network; others are root in a user namespace of their own
        if os.geteuid() != 0 and not _same(self._user, Path("/proc/self/ns/user")):
            enter += [f"--user=/proc/self/fd/{self._user}", "--preserve-credentials"]
        fds = (self._network, self._user)
        return run_to_end(argv, prefix=[*enter, "--"], stdin=stdin, timeout_s=timeout_s, pass_fds=fds)

    def _cannot(self, what: str) -> TargetError:
        return TargetError(f"Process {self._pid} is not ours: only its network can be acted on, not {what}.")


def _same(fd: int, *namespaces: Path) -> bool:
    """Whether one of these is the namespace behind `fd`; one that may not be looked at is somebody else's."""
    mine = os.fstat(fd)
    for namespace in namespaces:
        try:
            other = namespace.stat()
        except PermissionError:
            continue
        if (mine.st_dev, mine.st_ino) == (other.st_dev, other.st_ino):
            return True
    return False


def _instance(pid: int, addresses_json: str) -> Instance:
    by_family: dict[str, str] = {}
    for link in json.loads(addresses_json or "[]"):
        for address in link.get("addr_info", []):
            if "local" in address:  # ip shows those of another scope as empty
                by_family.setdefault(address["family"], address["local"])
    return Instance(f"pid-{pid}", SERVICE, by_family.get("inet", ""), by_family.get("inet6", ""))


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
