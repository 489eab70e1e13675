"""A Target for tests: instances as network namespaces on one bridge, in a private room that ends with us.

Two services, `client` and `server`; `server` has a virtual address, translated as a cluster does it.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from chaosproof.errors import TargetError
from chaosproof.targets.base import Address, CommandResult, Instance, InstanceState, JobState
from chaosproof.targets.host_command import run_to_end

PORT = 50051
SERVICE_ADDRESS = "10.78.0.1"

_UNSHARE = (
    *("unshare", "--user", "--map-root-user", "--net", "--mount", "--pid"),
    *("--fork", "--kill-child", "--mount-proc"),
)
_ROOM = """
set -e
mount -t tmpfs tmpfs /run && mkdir /run/netns
ip link set lo up
ip link add br0 type bridge && ip link set br0 up
ip addr add 10.77.0.254/24 dev br0 && ip addr add fd77::fe/64 dev br0 nodad
echo 1 > /proc/sys/net/ipv4/ip_forward
"""
_INSTANCE = """
ip netns add {name}
ip link add {name} type veth peer name eth0 netns {name}
ip link set {name} master br0 up
ip -n {name} link set lo up
ip -n {name} link set eth0 addrgenmode none up
ip -n {name} addr add {address}/24 dev eth0
ip -n {name} addr add {address6}/64 dev eth0 nodad
ip -n {name} route add default via 10.77.0.254
"""
_SERVICE = """
nft -f - <<END
table ip service {{
  chain in {{ type nat hook prerouting priority dstnat; ip daddr {virtual} dnat to {address}; }}
  chain out {{ type nat hook postrouting priority srcnat; ct status dnat masquerade; }}
}}
END
echo ready
exec cat
"""


class NetnsTarget:
    """`with NetnsTarget(clients=2) as target:`: the real thing in small."""

    kind = "netns"

    def __init__(self, clients: int = 2, servers: int = 2, *, ends_within_s: float = 10.0) -> None:
        self._ends_within_s = ends_within_s
        names = [("client", n) for n in range(clients)] + [("server", n) for n in range(servers)]
        self._instances = {
            f"{service}-{number}": Instance(
                name=f"{service}-{number}",
                service=service,
                address=f"10.77.0.{index + 1}",
                address6=f"fd77::{index + 1}",
                ports={"grpc": PORT} if service == "server" else {},
            )
            for index, (service, number) in enumerate(names)
        }
        self._processes: list[subprocess.Popen[str]] = []

    @classmethod
    def of(cls, pid: int, clients: int = 2, servers: int = 2) -> "NetnsTarget":
        """The room that another process made, by its first process."""
        target = cls(clients, servers)
        target.pid = pid
        return target

    def __enter__(self) -> "NetnsTarget":
        script = _ROOM + "".join(
            _INSTANCE.format(name=one.name, address=one.address, address6=one.address6)
            for one in self._instances.values()
        )
        script += _SERVICE.format(virtual=SERVICE_ADDRESS, address=self.instance("server-0").address)
        self._room = subprocess.Popen(
            [*_UNSHARE, "sh", "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._room.stdout
        if self._room.stdout.readline() != "ready\n":
            raise TargetError("the test room could not be made")
        children = Path(f"/proc/{self._room.pid}/task/{self._room.pid}/children").read_text().split()
        self.pid = int(children[0])
        return self

    def __exit__(self, *_: object) -> None:
        # the room's pid 1 reads this pipe: without it the room ends, and everything in it
        assert self._room.stdin and self._room.stdout
        self._room.stdin.close()
        self._room.wait(self._ends_within_s)
        self._room.stdout.close()
        for process in self._processes:
            process.wait(self._ends_within_s)
            for stream in (process.stdin, process.stdout):
                if stream:
                    stream.close()

    def enter(self, instance: str) -> list[str]:
        """The command that runs what follows it in the instance's namespaces."""
        self.instance(instance)
        net = f"--net=/proc/{self.pid}/root/run/netns/{instance}"
        return ["nsenter", "-t", str(self.pid), "--user", "--preserve-credentials", "--mount", "--pid", net]

    def instance_network(self, instance: str) -> int:
        """The number of the instance's network namespace."""
        return Path(f"/proc/{self.pid}/root/run/netns/{instance}").stat().st_ino

    def start(self, instance: str, argv: Sequence[str]) -> "subprocess.Popen[str]":
        """A process in the instance that ends with the room; talk to it by its pipes."""
        process = subprocess.Popen(
            [*self.enter(instance), *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._processes.append(process)
        return process

    def python(self, instance: str, code: str, *args: str) -> "subprocess.Popen[str]":
        return self.start(instance, [_PYTHON, "-I", "-S", "-c", code, *args])

    def instances(self, service: str | None = None) -> tuple[Instance, ...]:
        if service is None:
            return tuple(self._instances[name] for name in sorted(self._instances))
        found = tuple(one for one in self._instances.values() if one.service == service)
        if not found:
            raise TargetError(f"unknown service {service}: known are client, server")
        return found

    def instance(self, name: str) -> Instance:
        if name not in self._instances:
            raise TargetError(f"unknown instance {name}: known are {', '.join(sorted(self._instances))}")
        return self._instances[name]

    def states(self) -> Mapping[str, InstanceState]:
        return {name: InstanceState(name, True, True, False, self.pid, 0, 0, 0) for name in self._instances}

    def address(self, service: str) -> Address:
        first = self.instances(service)[0]
        ip = SERVICE_ADDRESS if service == "server" else first.address
        return Address(host=service, ip=ip, ports=first.ports)

    def run(
        self, instance: str, argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0
    ) -> CommandResult:
        done = run_to_end([*self.enter(instance), *argv], stdin=stdin, timeout_s=timeout_s)
        return replace(done, argv=tuple(argv))

    def start_job(self, name: str, argv: Sequence[str], *, env: Mapping[str, str], out_dir: Path) -> None:
        raise TargetError("the test target has no jobs")

    def job(self, name: str) -> JobState:
        raise TargetError(f"unknown job {name}: the test target has no jobs")

    def stop_job(self, name: str) -> None:
        raise TargetError(f"unknown job {name}: the test target has no jobs")

    def metrics(self, instance: str) -> str:
        return ""

    def logs(self, instance: str) -> str:
        return ""

    def restart(self, instance: str) -> None:
        raise TargetError(f"{instance} is only a namespace: it cannot be restarted")

    kill = terminate = pause = resume = restart


_PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
