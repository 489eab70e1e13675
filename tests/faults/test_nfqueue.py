"""Delays by a queue in a program, in real network namespaces."""

import json
import time
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from chaosproof.cli.doctor import doctor
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.errors import FaultError
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from tests.support.network import snapshot
from tests.support.sleeper import Sleeper

from .conftest import Client
from .netns_target import PORT, SERVICE_ADDRESS, NetnsTarget

pytestmark = pytest.mark.lab

HELD = Fault(kind="delay", port=PORT, duration_s=30, delay_ms=100)
# holds a queue of the number that ours begin with, as some program of a user's might
STRANGER = """
import socket, struct, sys
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.bind((0, 0))
s.send(struct.pack("=IHHII2s", 28, 0x302, 5, 0, 0, b"") + struct.pack("!H", 0xC405) + struct.pack("=HH", 8, 1)
    + struct.pack("!BxH", 1, 0))
print(-struct.unpack_from("=i", s.recv(4096), 16)[0], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def by_queue(room: NetnsTarget) -> Iterator[FaultEngine]:
    engine = FaultEngine(room, limits=Limits(allow_all=True), backend="nfqueue")
    engine.prepare("client-0")
    yield engine
    engine.heal()
    for receipt in engine.receipts():
        if receipt.applied_at is not None:
            engine.wait_until_ended(receipt)
    for family in ("ip", "ip6"):
        room.run("client-0", ["nft", "delete", "table", family, "mangle"])


def run_in(room: NetnsTarget):
    def run(argv, *, stdin="", timeout_s=10.0):
        return room.run("client-0", argv, stdin=stdin, timeout_s=timeout_s)

    return run


def holders(room: NetnsTarget) -> list[str]:
    """The processes that hold packets, by number, as the instance has them."""
    found = room.run("client-0", ["sh", "-c", "grep -lzx chaosproof-nfqueue /proc/[0-9]*/cmdline"])
    return [line.split("/")[2] for line in found.stdout.splitlines()]


def quickest(client: Client) -> float:
    """The shortest of five round trips, in ms: what a busy machine adds to each, it hardly adds to all."""
    return min(float(client.ask("rtt 1")) for _ in range(5))


def test_a_delay_is_what_was_asked_for_and_gone_after_its_time(
    by_queue: FaultEngine, room: NetnsTarget, client: Client
):
    before = snapshot(run_in(room))
    receipt = by_queue.apply(Fault(kind="delay", port=PORT, duration_s=2.5, delay_ms=100), "client-0")
    assert (receipt.backend, receipt.by_kernel) == ("nfqueue", False)
    assert receipt.expires_at is not None
    sleeper = Sleeper(receipt.expires_at)
    assert 90 <= quickest(client) <= 110
    final = by_queue.wait_until_ended(receipt)
    assert quickest(client) < 10
    assert final.ended_by == "watchdog" and final.packets >= 7 and final.note == ""
    assert final.ended_at is not None and final.expires_at is not None
    assert -0.5 < final.ended_at - final.expires_at < 0.5 + sleeper.late_s()
    assert snapshot(run_in(room)) == before
    assert holders(room) == []


@pytest.mark.slow
def test_a_delay_over_ipv6_is_one_too(by_queue: FaultEngine, room: NetnsTarget):
    host = room.instance("server-0").address6
    client = Client(room, "client-0", host)
    by_queue.apply(Fault(kind="delay", port=PORT, duration_s=30, delay_ms=60, peer=host), "client-0")
    assert 55 <= quickest(client) <= 70
    client.close()


def test_many_requests_on_one_connection_are_all_held_for_the_same_time(
    by_queue: FaultEngine, room: NetnsTarget
):
    """What a socket may have under way in its own machine does not become a bandwidth."""
    by_queue.apply(HELD, "client-0")
    code = """
import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
began = []
for _ in range(9):  # fewer than TCP may begin with
    began.append(time.monotonic())
    s.sendall(b"x")
    time.sleep(0.005)
took = []
while len(took) < 9:
    for _ in s.recv(100):
        took.append((time.monotonic() - began[len(took)]) * 1000)
print(sorted(took)[4])
"""
    asked = room.python("client-0", code, SERVICE_ADDRESS, str(PORT))
    assert asked.stdout
    assert 95 <= float(asked.stdout.readline()) <= 130


@pytest.mark.slow
def test_jitter_spreads_the_delay(by_queue: FaultEngine, room: NetnsTarget, client: Client):
    by_queue.apply(Fault(kind="delay", port=PORT, duration_s=30, delay_ms=40, jitter_ms=30), "client-0")
    took = [float(client.ask("rtt 1")) for _ in range(20)]
    assert 9.0 <= min(took) < 30
    assert 50 < max(took) <= 90


@pytest.mark.slow
def test_two_delays_at_once_keep_their_own_time(by_queue: FaultEngine, room: NetnsTarget, client: Client):
    other = by_queue.apply(Fault(kind="delay", port=81, duration_s=30, delay_ms=500), "client-0")
    receipt = by_queue.apply(Fault(kind="delay", port=PORT, duration_s=3, delay_ms=50), "client-0")
    # what else the machine does makes a trip longer, never shorter
    assert 45 <= quickest(client) <= 60
    by_queue.wait_until_ended(receipt)
    assert [one.id for one in by_queue.active("client-0")] == [other.id]
    assert len(holders(room)) == 1


@pytest.mark.slow
def test_a_queue_of_somebody_else_is_left_alone(by_queue: FaultEngine, room: NetnsTarget, client: Client):
    stranger = room.python("client-0", STRANGER)
    assert stranger.stdout and stranger.stdin and stranger.stdout.readline() == "0\n"
    by_queue.apply(HELD, "client-0")
    assert float(client.ask("rtt 3")) > 90
    by_queue.heal("client-0")
    queues = room.run("client-0", ["cat", "/proc/net/netfilter/nfnetlink_queue"]).stdout
    assert [line.split()[0] for line in queues.splitlines()] == [str(0xC405)]
    stranger.stdin.close()
    stranger.wait(5)


def test_healing_lets_go_what_is_held_and_leaves_nothing(
    by_queue: FaultEngine, room: NetnsTarget, client: Client
):
    before = snapshot(run_in(room))
    slow = Fault(kind="delay", port=PORT, duration_s=30, delay_ms=20_000)
    by_queue.apply(slow, "client-0")
    asked = room.python(
        "client-0",
        "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_STREAM); "
        "s.setblocking(False); s.connect_ex((sys.argv[1], int(sys.argv[2]))); print('asked', flush=True); "
        "import select; print(len(select.select([], [s], [], 5)[1]), flush=True)",
        *(SERVICE_ADDRESS, str(PORT)),
    )
    assert asked.stdout and asked.stdout.readline() == "asked\n"
    began = time.monotonic()
    (healed,) = by_queue.heal("client-0")
    assert asked.stdout.readline() == "1\n"
    # the first packet itself came, and not the one that TCP sends again after a second
    assert time.monotonic() - began < 0.9
    assert healed.ended_by == "heal"
    assert snapshot(run_in(room)) == before
    assert holders(room) == []


def test_packets_pass_as_soon_as_the_program_is_dead_and_the_receipt_says_so(
    by_queue: FaultEngine, room: NetnsTarget, client: Client
):
    before = snapshot(run_in(room))
    receipt = by_queue.apply(Fault(kind="delay", port=PORT, duration_s=3.0, delay_ms=300), "client-0")
    (number,) = holders(room)
    assert room.run("client-0", ["kill", "-KILL", number]).exit_code == 0
    assert quickest(client) < 10
    final = by_queue.wait_until_ended(receipt)
    assert "its program was gone before the deadline" in final.note
    assert snapshot(run_in(room)) == before


@pytest.mark.slow
def test_a_refusal_of_the_rules_is_said_and_leaves_nothing(room: NetnsTarget, by_queue: FaultEngine):
    by_queue.capabilities("client-0")  # which will not say so
    hidden = "mount --bind /bin/false $(readlink -f $(command -v ip6tables))"
    shown = "umount $(readlink -f $(command -v ip6tables))"
    assert room.run("client-0", ["sh", "-c", hidden]).exit_code == 0
    try:
        with pytest.raises(FaultError, match=r"nfqueue did not take delay.*ip6tables-restore ended with 1"):
            by_queue.apply(HELD, "client-0")
    finally:
        assert room.run("client-0", ["sh", "-c", shown]).exit_code == 0
    assert by_queue.active("client-0") == ()
    assert holders(room) == []


@pytest.mark.slow
def test_the_doctor_says_that_a_delay_is_by_a_queue_where_there_is_no_netem():
    answer = json.loads(CliRunner().invoke(doctor, ["--json"]).output)
    (delay,) = [one for one in answer["faults"] if one["kind"] == "delay"]
    if answer["missing"]["netem"]:
        assert delay["backend"] == "nfqueue" and "userspace queue" in delay["why"]
    else:
        assert delay["backend"] == "nft"


@pytest.mark.slow
def test_what_is_held_arrives_as_it_was_sent_however_large(by_queue: FaultEngine, room: NetnsTarget):
    """Megabytes by TCP, which leave as few large packets, and datagrams up to the largest that there is."""
    sink = room.python(
        "client-1",
        """
import hashlib, socket
u, s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.create_server(("", 82))
u.bind(("", 82))
print("up", flush=True)
for _ in range(3):
    print(hashlib.md5(u.recv(70000)).hexdigest(), flush=True)
c, seen = s.accept()[0], hashlib.md5()
while got := c.recv(1 << 20):
    seen.update(got)
print(seen.hexdigest(), flush=True)
""",
    )
    source = """
import hashlib, os, socket, sys
u, s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket()
for size in (10, 8000, 65507):
    data = os.urandom(size)
    u.sendto(data, (sys.argv[1], 82))
    print(hashlib.md5(data).hexdigest(), flush=True)
data = os.urandom(3 << 20)
s.connect((sys.argv[1], 82))
s.sendall(data)
print(hashlib.md5(data).hexdigest(), flush=True)
"""
    assert sink.stdout and sink.stdout.readline() == "up\n"
    for protocol in ("tcp", "udp"):
        fault = Fault(kind="delay", protocol=protocol, port=82, duration_s=30, delay_ms=30)
        by_queue.apply(fault, "client-0")
    sent = room.python("client-0", source, room.instance("client-1").address)
    assert sent.stdout
    for _ in range(4):
        assert sink.stdout.readline() == sent.stdout.readline() != ""
