"""Whoever is killed, and whenever: traffic is whole half a second after the deadline, and nothing is left."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from chaosproof.faults.canary import canary_argv
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.model import Fault
from chaosproof.judge.checks.fault import END_SLACK_S
from tests.support.network import snapshot
from tests.support.sleeper import Sleeper

from .conftest import ECHO
from .netns_target import PORT, SERVICE_ADDRESS, NetnsTarget

pytestmark = pytest.mark.lab

DURATION_S = 1.5
# which command of the runner, and whether it is killed before it or in its midst: around the one that puts
# the fault on, which is the fourth or the sixth, and further apart elsewhere
STEPS = [
    *((0, "during"), (2, "before"), (3, "before"), (3, "during")),
    *((4, "during"), (5, "before"), (5, "during"), (6, "during")),
]
FAULTS = {
    "nft": {"kind": "reset", "port": PORT, "duration_s": DURATION_S},
    "iptables": {"kind": "reset", "port": PORT, "duration_s": DURATION_S},
    "shape": {"kind": "rate", "port": PORT, "rate_kbit": 8, "duration_s": DURATION_S},
}


# counts the refusals up to the first connection that opens, and says when that was
PROBE = """
import json, socket, sys, time
refused = 0
while True:
    try:
        socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)
        break
    except ConnectionRefusedError:
        refused += 1
        time.sleep(0.005)
print(json.dumps([refused, time.time()]), flush=True)
"""


@pytest.fixture(scope="module")
def wide_room() -> Iterator[NetnsTarget]:
    with NetnsTarget(clients=len(STEPS), servers=1) as target:
        echo = target.python("server-0", ECHO, str(PORT))
        assert echo.stdout and echo.stdout.readline() == "up\n"
        yield target


def run_in(room: NetnsTarget, instance: str):
    return lambda argv, *, stdin="", timeout_s=10.0: room.run(
        instance, argv, stdin=stdin, timeout_s=timeout_s
    )


def kill_with_children(victim: "subprocess.Popen[str]") -> None:
    """SIGKILL to the process and all that it started, as `kill -9` on a whole terminal would."""
    family = [victim.pid, *(child.pid for child in psutil.Process(victim.pid).children(recursive=True))]
    for pid in family:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    victim.wait()


def kill_all_in(network: int) -> int:
    """SIGKILL to every process in the network namespace of that number; how many there were."""
    killed = 0
    for process in psutil.process_iter():
        # the machine's own first process may not be looked at
        with contextlib.suppress(FileNotFoundError, PermissionError, psutil.NoSuchProcess):
            if Path(f"/proc/{process.pid}/ns/net").stat().st_ino == network:
                process.kill()
                killed += 1
    return killed


@pytest.mark.parametrize("way", list(FAULTS))
def test_a_runner_killed_at_any_step_leaves_no_fault(wide_room: NetnsTarget, way: str):
    """One instance per step, all at the same time."""
    backend = "nft" if way == "shape" else way
    names = [one.name for one in wide_room.instances("client")]
    prepared = FaultEngine(wide_room, backend=backend)
    for name in names:
        prepared.prepare(name)
    before = {name: snapshot(run_in(wide_room, name)) for name in names}
    victims = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.faults.victim", str(wide_room.pid), str(len(STEPS))),
                *(name, backend, json.dumps(FAULTS[way]), str(step), moment),
            ],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        for (step, moment), name in zip(STEPS, names, strict=True)
    ]
    reached = 0
    killed_at = {}
    for name, victim in zip(names, victims, strict=True):
        assert victim.stdout
        reached += victim.stdout.readline() == "here\n"
        kill_with_children(victim)
        killed_at[name] = time.time()
        victim.stdout.close()
    assert reached == len(STEPS)
    for name in names:
        left_s = killed_at[name] + DURATION_S + 0.5 - time.time()
        if left_s > 0:
            time.sleep(left_s)  # the deadline itself is what is tested
        answer = wide_room.run(name, canary_argv((SERVICE_ADDRESS, PORT)))
        assert answer.stdout == "open\n", (name, answer)
        assert snapshot(run_in(wide_room, name)) == before[name], name


def test_a_fault_ends_with_every_process_of_its_instance_killed(wide_room: NetnsTarget):
    """No watchdog, no observer: what ends it is the kernel alone."""
    receipt = FaultEngine(wide_room).apply(Fault(**FAULTS["nft"]), "client-0")
    assert receipt.expires_at is not None
    room = wide_room.instance_network("client-0")
    while not kill_all_in(room):
        assert time.time() < receipt.expires_at - 0.5  # the observer is about to start
    sleeper = Sleeper(receipt.expires_at)
    probe = wide_room.python("client-0", PROBE, SERVICE_ADDRESS, str(PORT))
    assert probe.stdout
    refused, first_open_at = json.loads(probe.stdout.readline())
    assert refused > 0
    assert -END_SLACK_S < first_open_at - receipt.expires_at < END_SLACK_S + sleeper.late_s()
