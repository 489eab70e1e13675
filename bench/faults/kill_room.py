"""Where a kill matrix takes place: a lab of clients and servers, and the processes in it that may be killed."""

import contextlib
import json
import os
import signal
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.faults.prober import SINK, sys_python
from chaosproof.targets.local.control_client import take_down
from chaosproof.targets.local.launcher import launch_lab
from chaosproof.targets.local.target import LocalTarget
from chaosproof.targets.system.system_file import load_system

__all__ = ["PORT", "Process", "in_networks", "lab_of", "network_of", "processes", "room"]

PORT = 7000
_IDLE = ["sleep", "infinity"]
_SERVER = [sys_python(), "-I", "-S", "-c", SINK, str(PORT)]


@contextlib.contextmanager
def lab_of(name: str, services: Mapping[str, object], folder: Path) -> Iterator[LocalTarget]:
    """A lab of these services, in the words of a system file, which is written into `folder`."""
    file = folder / "system.yaml"
    file.write_text(json.dumps({"name": name, "services": services}))  # JSON is YAML
    lab = launch_lab(load_system(file))
    try:
        yield LocalTarget(lab.name)
    finally:
        take_down(lab.name)


@contextlib.contextmanager
def room(folder: Path, clients: int, servers: int) -> Iterator[LocalTarget]:
    """A lab with a service `sink` to call, as many clients as asked for, and `servers` that can be called too."""
    served = {
        "command": _SERVER,
        "ports": {"grpc": PORT},
        "healthcheck": {"tcp": "grpc", "interval_s": 1, "timeout_s": 20},
    }
    services: dict[str, object] = {"sink": served}
    if clients:
        services["client"] = {"command": _IDLE, "replicas": clients}
    if servers:
        services["server"] = {**served, "replicas": servers}
    with lab_of("kill-matrix", services, folder) as target:
        yield target


def network_of(target: LocalTarget, instance: str) -> int:
    """The number of the instance's network namespace."""
    said = target.run(instance, ["readlink", "/proc/self/ns/net"]).stdout
    return int(said.strip().removeprefix("net:[").removesuffix("]"))


@dataclass(frozen=True)
class Process:
    """A process as /proc has it; `network` is the number of its network namespace."""

    pid: int
    session: int
    network: int
    argv: tuple[str, ...]

    def kill(self) -> bool:
        """SIGKILL; whether there was still somebody to get it."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
            return True
        return False


def processes() -> Iterator[Process]:
    """All live processes of this machine that may be looked at."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            argv = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
            if not argv:
                continue  # a dead one has no command
            session = int((folder / "stat").read_text().rpartition(")")[2].split()[3])
            network = (folder / "ns/net").stat().st_ino
            yield Process(int(folder.name), session, network, tuple(argv))


def in_networks(networks: Iterable[int]) -> Iterator[Process]:
    """The helpers in these network namespaces: every process but an instance's own."""
    wanted, own = set(networks), (tuple(_IDLE), tuple(_SERVER))
    return (one for one in processes() if one.network in wanted and one.argv not in own)
