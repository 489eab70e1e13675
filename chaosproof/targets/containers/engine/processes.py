"""What this machine's kernel shows: whose an engine is, whether a container is here, and who shares its network."""

import os
import re
import socket
import struct
from collections.abc import Collection, Iterable
from pathlib import Path

from chaosproof.targets.containers.engine.records import Container
from chaosproof.targets.containers.engine.refusals import Situation

__all__ = ["listener_of", "listening_ports", "situation_of"]

_INFRA = re.compile(r"[0-9a-f]{12}-infra")  # the beginning of its pod's id
_LISTENS = "0A"  # TCP_LISTEN of tcp_states.h
# 127.0.0.0/8, the same mapped into IPv6, and ::1: each word with its lowest byte first
_LOOPBACK = re.compile(r"(0{16}FFFF0000)?[0-9A-F]{6}7F|0{24}01000000")
_NEAR_S = 5.0
_START_TIME = 19  # starttime, the 22nd field of proc_pid_stat(5): here the 20th behind the process' name
_PEER = struct.Struct("3i")  # struct ucred of unix(7): pid, uid, gid


def listener_of(path: Path, limit_s: float) -> int:
    """The user whose process listens at a Unix socket. Raises `OSError` where none does, or none within `limit_s`."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(limit_s)
        connection.connect(str(path))
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    return int(_PEER.unpack(peer)[1])


def listening_ports(pid: int) -> tuple[int, ...]:
    """The TCP ports that others can reach in the network of that process, in order; none where it is gone.

    What listens at a loopback address only is left out, such as Docker's DNS.
    """
    ports = set()
    for name in ("tcp", "tcp6"):  # proc_pid_net(5): sl, local address, remote address, state
        try:
            rows = [row.split() for row in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]]
        except OSError:
            continue
        for _, local, _, state, *_ in rows:
            address, _, port = local.partition(":")
            if state == _LISTENS and not _LOOPBACK.fullmatch(address):
                ports.add(int(port, 16))
    return tuple(sorted(ports))


def situation_of(
    container: Container, everyone: Iterable[Container], meant: Collection[str] = ()
) -> Situation:
    """What the kernel shows of a running container. `everyone` are its engine's, `meant` the names of those meant."""
    network = _network(container.pid)
    shared = [
        other.name
        for other in everyone
        if other.id != container.id
        and other.name not in meant
        and not _is_infra(other)
        and (_refers_to(other, container) or (network is not None and network == _network(other.pid)))
    ]
    return Situation(
        is_here=_is_here(container),
        is_own_network=network is not None and network in (_network(os.getpid()), _network(1)),
        shared_with=tuple(sorted(shared)),
    )


def _is_here(container: Container) -> bool:
    """Whether the process of that number is the container's: its cgroup has the id, or it began when that did.

    Rootless engines without cgroups of their own leave no id there.
    """
    try:
        if container.id in Path(f"/proc/{container.pid}/cgroup").read_text():
            return True
        return abs(_started_at(container.pid) - container.started_at) < _NEAR_S
    except OSError:
        return False


def _started_at(pid: int) -> float:
    """When the process began, in Unix seconds. Raises `OSError` where there is none."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(after_name[_START_TIME])
    lines = Path("/proc/stat").read_text().splitlines()
    (booted_at,) = (int(line.split()[1]) for line in lines if line.startswith("btime "))
    return booted_at + ticks / os.sysconf("SC_CLK_TCK")


def _network(pid: int) -> tuple[int, int] | None:
    """The identity of a process' network; `None` where there is no process, or where it may not be looked at."""
    if not pid:
        return None
    try:
        stat = Path(f"/proc/{pid}/ns/net").stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _refers_to(other: Container, container: Container) -> bool:
    """Whether the other one was made to use the container's network, also where it does not run now."""
    kind, _, owner = other.network_mode.partition(":")
    return kind == "container" and bool(owner) and (owner == container.name or container.id.startswith(owner))


def _is_infra(container: Container) -> bool:
    """Whether it only holds a Podman pod's namespaces: it does nothing itself, so that it may be hit."""
    return _INFRA.fullmatch(container.name) is not None
