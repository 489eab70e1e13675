"""A process that runs already: faults act in its network, and in no other."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from chaosproof.errors import TargetError, UsageError
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from chaosproof.targets.attached import AttachedTarget
from tests.support.host import snapshot

pytestmark = pytest.mark.lab

PORT = 7000
NOBODY = 65534
# calls itself for ever, in a network namespace of its own
PROGRAM = f"""
import socket, subprocess, threading, time
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
server = socket.create_server(("127.0.0.1", {PORT}))
def serve():
    while True:
        server.accept()[0].close()
threading.Thread(target=serve, daemon=True).start()
print("up", flush=True)
while True:
    try:
        socket.create_connection(("127.0.0.1", {PORT}), 1).close()
    except OSError:
        pass
    time.sleep(0.02)
"""


def started(**options: object) -> "subprocess.Popen[str]":
    argv = ["unshare", "--user", "--map-root-user", "--net", "/usr/bin/python3", "-I", "-S", "-c", PROGRAM]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]
    assert process.stdout.readline() == "up\n"
    return process


@pytest.fixture
def stranger() -> Iterator["subprocess.Popen[str]"]:
    with started() as process:
        yield process
        process.kill()


def inject(*arguments: str) -> "subprocess.CompletedProcess[str]":
    argv = [str(Path(sys.executable).with_name("chaosproof")), "inject", *arguments, "--port", str(PORT)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("backend", ["nft", "iptables"])
def test_a_fault_bites_in_the_network_of_the_process_and_nowhere_else(stranger, backend: str):
    before = snapshot()
    network = AttachedTarget(stranger.pid)
    rules = network.run(f"pid-{stranger.pid}", ["nft", "-j", "list", "ruleset"]).stdout
    done = inject("reset", "--pid", str(stranger.pid), "--duration", "1s", "--backend", backend, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    receipt = json.loads(done.stdout)
    assert receipt["packets"] > 0 and receipt["backend"] == backend
    assert snapshot()["rules"] == before["rules"]
    if backend == "nft":  # iptables leaves its base chains, which may be somebody's by now
        assert network.run(f"pid-{stranger.pid}", ["nft", "-j", "list", "ruleset"]).stdout == rules


def test_the_machines_own_network_is_refused_unless_allowed():
    done = inject("reset", "--pid", str(os.getpid()), "--duration", "1s")
    assert done.returncode == 64
    assert "in this machine's own network" in done.stderr and len(done.stderr.splitlines()) == 1
    root = os.getuid() == 0
    with nullcontext() if root else pytest.raises(UsageError, match="could not be entered by user"):
        assert AttachedTarget(os.getpid(), allow_host_network=True).instances()[0].service == "process"


def test_a_wrong_process_is_one_sentence():
    with pytest.raises(UsageError, match=r"^There is no process 4194304\.$"):
        AttachedTarget(4_194_304)  # one beyond the highest that there can be
    for arguments in ((), ("--pid", "1", "--instance", "web-0")):
        done = inject("reset", *arguments, "--duration", "1s")
        assert done.returncode == 64 and "either an instance of a lab" in done.stderr


def test_a_network_outlives_its_process_for_who_has_looked_at_it(stranger):
    target = AttachedTarget(stranger.pid)
    (instance,) = target.instances()
    engine = FaultEngine(target, limits=Limits(allow_all=True), canary=False)
    receipt = engine.apply(Fault(kind="drop", port=PORT, duration_s=0.3), instance.name)
    stranger.kill()
    stranger.wait()
    assert not target.states()[instance.name].alive
    assert engine.wait_until_ended(receipt).ended_by == "kernel"


def test_what_is_not_the_network_is_not_ours(stranger):
    target = AttachedTarget(stranger.pid)
    for call in (target.kill, target.pause, target.metrics):
        with pytest.raises(TargetError, match="is not ours: only its network can be acted on"):
            call(f"pid-{stranger.pid}")


@pytest.mark.skipif(os.getuid() != 0, reason="not root: every test here runs as an ordinary user already")
def test_an_ordinary_user_may_attach_to_what_is_his_and_to_nothing_else(stranger):
    with started(user=NOBODY, group=NOBODY, extra_groups=[]) as own:
        assert _as_nobody(lambda: AttachedTarget(own.pid).run(f"pid-{own.pid}", ["nft", "list", "tables"]))
        assert not _as_nobody(lambda: AttachedTarget(stranger.pid))
        own.kill()


def _as_nobody(call) -> bool:
    """Whether `call` could be made by an ordinary user; in a process of its own."""
    child = os.fork()
    if child == 0:
        code = 2
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            code = getattr(call(), "exit_code", 0)
        except UsageError:
            code = 1
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 1)
    return code == 0
