"""What a kernel does that one would not guess, and what our faults do all the same: a test for each such trap."""

import platform
import time
from collections.abc import Iterator

import pytest

from chaosproof.faults.backends.nft.activation import is_changeable
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.model import Fault
from chaosproof.judge.checks.fault import END_SLACK_S
from tests.support.sleeper import Sleeper

from .netns_target import NetnsTarget

pytestmark = pytest.mark.lab

PORT = 7300
NFT = """
table inet trap {
  set s { type ipv4_addr; flags timeout; }
}
"""
# sends a datagram to a socket of its own, and prints what the call came to and whether it arrived
TO_ITSELF = """
import socket, sys
r = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
r.bind(("127.0.0.1", int(sys.argv[1])))
r.settimeout(0.3)
try:
    sent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", r.getsockname())
except OSError as error:
    sent = type(error).__name__
try:
    print(sent, len(r.recv(9)))
except TimeoutError:
    print(sent, 0)
"""


@pytest.fixture
def engine(room: NetnsTarget) -> Iterator[FaultEngine]:
    engine = FaultEngine(room, canary=False)
    yield engine
    engine.heal()


def nft(room: NetnsTarget, script: str) -> str:
    done = room.run("client-0", ["nft", "-f", "-"], stdin=script)
    assert done.exit_code == 0, done.stderr
    return room.run("client-0", ["nft", "list", "table", "inet", "trap"]).stdout


def to_itself(room: NetnsTarget) -> str:
    return room.run("client-0", ["python3", "-I", "-S", "-c", TO_ITSELF, str(PORT)]).stdout.strip()


@pytest.fixture
def trap(room: NetnsTarget) -> Iterator[None]:
    nft(room, NFT)
    yield
    room.run("client-0", ["nft", "delete", "table", "inet", "trap"])


def test_an_element_that_is_added_once_more_gets_the_new_timeout_since_linux_6_12(
    room: NetnsTarget, trap: None
):
    """And none where it is added without one: then it stays for good. An older kernel changes nothing."""

    def add(timeout: str) -> str:
        listed = nft(room, f"add element inet trap s {{ 192.0.2.1 {timeout} }}")
        return listed.partition("192.0.2.1")[2].partition("}")[0].partition(" expires")[0].strip()

    timeouts = [add(timeout) for timeout in ("timeout 60s", "timeout 5s", "timeout 600s", "")]
    if is_changeable(platform.release()):
        assert timeouts == ["timeout 1m", "timeout 5s", "timeout 10m", ""]
    else:
        assert timeouts == ["timeout 1m"] * 4


@pytest.mark.parametrize("direction", ["egress", "ingress"])
@pytest.mark.parametrize(("first_s", "second_s"), [(1.0, 2.0), (2.0, 1.0)], ids=str)
def test_a_fault_ends_in_its_time_when_a_second_one_is_put_on_beside_it(
    engine: FaultEngine, first_s: float, second_s: float, direction: str
):
    """The gate that both are behind is opened once more, or for longer; it ends neither, and keeps neither."""
    receipts = [
        engine.apply(Fault(kind="drop", port=port, direction=direction, duration_s=duration_s), "client-0")
        for port, duration_s in ((PORT, first_s), (PORT + 1, second_s))
    ]
    expires_at = [receipt.expires_at or 0.0 for receipt in receipts]
    sleepers = [Sleeper(at) for at in expires_at]
    for receipt, at, sleeper in zip(receipts, expires_at, sleepers, strict=True):
        final = engine.wait_until_ended(receipt)
        assert final.ended_by == "kernel" and final.ended_at is not None
        assert -END_SLACK_S < final.ended_at - at < END_SLACK_S + sleeper.late_s()
    give_up_at = time.monotonic() + 2
    while engine.active("client-0"):
        assert time.monotonic() < give_up_at


def test_a_queue_that_nobody_reads_loses_a_datagram_without_a_word_to_its_sender(room: NetnsTarget):
    """Unlike a rule that drops; with `--queue-bypass` the packet passes instead, and no further rule sees it."""
    rules = {
        "drop": ["-j DROP"],
        "queue": ["-j NFQUEUE --queue-num 50179"],
        "bypass": ["-j NFQUEUE --queue-num 50179 --queue-bypass", "-j DROP"],
    }
    came_to = {}
    try:
        for name, ends in rules.items():
            for end in ends:
                rule = ["iptables", "-w", "-A", "OUTPUT", "-p", "udp", "--dport", str(PORT), *end.split()]
                assert room.run("client-0", rule).exit_code == 0
            came_to[name] = to_itself(room)
            room.run("client-0", ["iptables", "-w", "-F", "OUTPUT"])
    finally:
        room.run("client-0", ["nft", "delete", "table", "ip", "filter"])
    assert came_to == {"drop": "PermissionError 0", "queue": "1 0", "bypass": "1 1"}


def test_what_a_delay_by_a_queue_sends_to_a_program_passes_when_that_is_gone(room: NetnsTarget):
    """It is not lost in silence: its rules are such that let packets pass, and the receipt says from when on."""
    engine = FaultEngine(room, canary=False, backend="nfqueue")
    fault = Fault(kind="delay", protocol="udp", port=PORT, delay_ms=100, duration_s=2.0)
    try:
        receipt = engine.apply(fault, "client-0")
        # it finds itself, too
        kill = "kill -s KILL $(grep -lzx chaosproof-nfqueue /proc/[0-9]*/cmdline | cut -d/ -f3); true"
        assert room.run("client-0", ["sh", "-c", kill]).exit_code == 0
        assert to_itself(room) == "1 1"
        assert "gone before the deadline" in engine.wait_until_ended(receipt).note
    finally:
        engine.heal()
        for family in ("ip", "ip6"):
            room.run("client-0", ["nft", "delete", "table", family, "mangle"])
