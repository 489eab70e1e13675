"""The network of a process that is not ours: held open from the first look on, and entered by commands.

Neither the process' end nor another one with its number leads elsewhere.
"""

import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path

from chaosproof.errors import UsageError
from chaosproof.targets.base import CommandResult
from chaosproof.targets.host_command import run_to_end

__all__ = ["ProcessNetwork"]

# Our own network, and that of the machine's first process, which are two inside a container.
_OWN_NETWORKS = (Path("/proc/self/ns/net"), Path("/proc/1/ns/net"))

_OWN_USER = Path("/proc/self/ns/user")
_NS_GET_USERNS, _NS_GET_PARENT = 0xB701, 0xB702  # ioctl_ns(2)


class ProcessNetwork:
    """The network namespace of process `pid`; `name` is what a sentence calls it, such as `process 1234`.

    Raises `UsageError` where there is no such process, or where its network may not be entered.
    """

    def __init__(self, pid: int, name: str) -> None:
        self._name = name
        try:
            self._network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
            self._user = _owner(self._network, pid)
        except FileNotFoundError as error:
            raise UsageError(f"There is no {name}.") from error
        except PermissionError as error:
            raise UsageError(
                f"The network of {name} may not be entered by user {os.getuid()}: be its owner, or root."
            ) from error

    def __del__(self) -> None:
        for name in ("_network", "_user"):
            if name in self.__dict__:
                os.close(self.__dict__.pop(name))

    @property
    def is_own(self) -> bool:
        """Whether it is this machine's own network, where a fault would hit everything."""
        return _same(self._network, *_OWN_NETWORKS)

    def is_same(self, other: "ProcessNetwork") -> bool:
        """Whether both are one network."""
        return os.path.sameopenfile(self._network, other._network)

    def run(self, argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0) -> CommandResult:
        """Run a command of this machine in that network, to its end."""
        enter = ["nsenter", f"--net=/proc/self/fd/{self._network}"]
        # root may enter any network; others are root in a user namespace of their own
        if os.geteuid() != 0 and not _same(self._user, _OWN_USER):
            enter += [f"--user=/proc/self/fd/{self._user}", "--preserve-credentials"]
        fds = (self._network, self._user)
        return run_to_end(argv, prefix=[*enter, "--"], stdin=stdin, timeout_s=timeout_s, pass_fds=fds)

    def addresses(self) -> tuple[str, str]:
        """Its first IPv4 and IPv6 address of global scope, "" where it has none.

        Raises `UsageError` when it cannot be entered.
        """
        listed = self.run(["ip", "-j", "address", "show", "scope", "global"])
        if listed.exit_code != 0:
            raise UsageError(
                f"The network of {self._name} could not be entered by user {os.getuid()}: {listed.stderr.strip()}"
            )
        by_family: dict[str, str] = {}
        for link in json.loads(listed.stdout or "[]"):
            for address in link.get("addr_info", []):
                if "local" in address:  # ip shows those of another scope as empty
                    by_family.setdefault(address["family"], address["local"])
        return by_family.get("inet", ""), by_family.get("inet6", "")


def _owner(network: int, pid: int) -> int:
    """The user namespace to enter: of those that the network belongs to, the first below ours, where we are root.

    A container may have another one below that, as with Podman's `--userns=keep-id`, where we are an ordinary user
    again. Where the owner is none that we may see, the network is ours, or the process' user namespace is as good.
    """
    try:
        user = fcntl.ioctl(network, _NS_GET_USERNS)
    except OSError:
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY)
    while not _same(user, _OWN_USER):
        try:
            parent = fcntl.ioctl(user, _NS_GET_PARENT)
        except OSError:
            break
        if _same(parent, _OWN_USER):
            os.close(parent)
            break
        os.close(user)
        user = parent
    return user


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
