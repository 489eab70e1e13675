"""What the kernel shows of a container, by real processes in networks of their own."""

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chaosproof.targets.containers.engine.processes import listening_ports, situation_of
from chaosproof.targets.containers.engine.records import Container
from chaosproof.targets.process_network import ProcessNetwork
from tests.support.containers import SHOP

Started = Callable[..., Container]
UNSHARE = ("unshare", "--user", "--map-root-user", "--net")


@pytest.fixture
def started() -> Iterator[Started]:
    """Starts a process in a network of its own, or as `prefix` says, and describes it as a container."""
    processes = []

    def start(name: str = "mine-shop-1", prefix: tuple[str, ...] = UNSHARE) -> Container:
        process = subprocess.Popen([*prefix, "sh", "-c", "echo up; exec sleep 60"], stdout=subprocess.PIPE)
        processes.append(process)
        assert process.stdout is not None and process.stdout.readline() == b"up\n"
        return replace(SHOP, id=name, name=name, pid=process.pid, started_at=time.time())

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_a_process_that_began_with_its_container_is_here(started: Started):
    """A number that leads to another process, or to none, is one of another machine."""
    container = started()
    assert situation_of(container, [container]).is_here
    assert not situation_of(replace(container, started_at=time.time() - 60), [container]).is_here
    assert not situation_of(replace(container, pid=4_194_304), [container]).is_here


def test_the_machines_own_network_is_known_by_the_kernel(started: Started):
    """Whatever the engine calls it."""
    assert situation_of(started(prefix=()), []).is_own_network
    assert not situation_of(started(), []).is_own_network


def test_who_shares_a_network_is_known_unless_meant(started: Started):
    """By the kernel; and by what the engine knows of those that do not run."""
    shop = started()
    enter = (
        "nsenter",
        f"--user=/proc/{shop.pid}/ns/user",
        f"--net=/proc/{shop.pid}/ns/net",
        "--preserve-credentials",
    )
    beside, apart = started("beside", prefix=enter), started("apart")
    ended = replace(
        apart, id="ended", name="ended", pid=0, running=False, network_mode=f"container:{shop.id}"
    )
    infra = replace(ended, id="infra", name="1f1f1f1f1f1f-infra", labels={})
    everyone = [shop, beside, apart, ended, infra]
    assert situation_of(shop, everyone).shared_with == ("beside", "ended")
    assert situation_of(shop, everyone, ["ended"]).shared_with == ("beside",)
    assert situation_of(apart, everyone).shared_with == ()


def test_ports_that_others_can_reach_are_known_by_the_kernel(started: Started):
    """Of both families; what listens at a loopback address only is for nobody else."""
    listens = """
import socket, subprocess, time
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
servers = [socket.create_server((host, port)) for host, port in (("0.0.0.0", 80), ("127.0.0.11", 53))]
servers += [socket.create_server((host, port), family=socket.AF_INET6) for host, port in (("::", 443), ("::1", 54))]
called = socket.create_connection(("127.0.0.1", 80))
print("up", flush=True)
time.sleep(60)
"""
    argv = [*UNSHARE, "/usr/bin/python3", "-I", "-S", "-c", listens]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "up\n"
            assert listening_ports(process.pid) == (80, 443)
        finally:
            process.kill()
    assert listening_ports(4_194_304) == ()


def test_a_network_is_entered_by_its_owner_though_the_process_is_deeper(started: Started):
    """As with Podman's keep-id: the network was made before the process' own user namespace, which has no say there."""
    deeper = started(prefix=(*UNSHARE, "unshare", "--user", "--map-root-user"))
    network = ProcessNetwork(deeper.pid, "the process")
    done = network.run(["ip", "link", "set", "lo", "up"])
    assert (done.exit_code, done.stderr) == (0, "")
    entered = network.run(["readlink", "/proc/self/ns/net"]).stdout.strip()
    assert str(Path(f"/proc/{deeper.pid}/ns/net").readlink()) == entered
