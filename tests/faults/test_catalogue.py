"""Each kind of fault does what it says, to real packets, and nothing else."""

import time
from collections.abc import Iterator

import pytest

from chaosproof.errors import ChaosproofError
from chaosproof.faults.canary import canary_argv
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.errors import FaultError, FaultRefused
from chaosproof.faults.kinds import KINDS
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from tests.support.network import snapshot

from .conftest import Client
from .netns_target import PORT, SERVICE_ADDRESS, NetnsTarget

pytestmark = pytest.mark.lab

# sends datagrams to the echo below, one every half millisecond, and prints how many came back
DATAGRAMS = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
count, back = int(sys.argv[3]), 0
def read(timeout_s):
    global back
    s.settimeout(timeout_s)
    try:
        while back < count:
            s.recv(10)
            back += 1
    except OSError:
        pass
for _ in range(count):
    s.sendto(b"x", (sys.argv[1], int(sys.argv[2])))
    read(0.0005)
read(0.3)
print(back, flush=True)
"""
DATAGRAM_ECHO = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[1])))
print("up", flush=True)
while True:
    data, sender = s.recvfrom(10)
    s.sendto(data, sender)
"""
# sends bytes to the echo as fast as it can, and prints how fast they came back, in kbit/s
FLOOD = """
import socket, sys, threading, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
count, began = int(sys.argv[3]), time.monotonic()
threading.Thread(target=s.sendall, args=(b"x" * count,), daemon=True).start()
left = count
while left and (data := s.recv(1 << 20)):
    left -= len(data)
print(round((count - left) * 8 / 1000 / (time.monotonic() - began)), flush=True)
"""


@pytest.fixture
def engine(room: NetnsTarget) -> Iterator[FaultEngine]:
    """Without canaries: the packets are these tests' own, and their observers may end when they will."""
    engine = FaultEngine(room, canary=False)
    yield engine
    engine.heal()


@pytest.fixture(scope="module")
def datagram_port(room: NetnsTarget) -> int:
    echo = room.python("server-0", DATAGRAM_ECHO, "5353")
    assert echo.stdout and echo.stdout.readline() == "up\n"
    return 5353


def datagrams_back(room: NetnsTarget, port: int, count: int) -> int:
    process = room.python("client-0", DATAGRAMS, room.instance("server-0").address, str(port), str(count))
    assert process.stdout
    return int(process.stdout.readline())


def test_a_drop_lets_a_caller_wait(engine: FaultEngine, client: Client):
    engine.apply(Fault(kind="drop", port=PORT, duration_s=30), "client-0")
    assert client.ask("echo 0.2") == "timeout"
    assert client.ask("new 0.2") == "timeout"


def test_a_drop_of_the_answers_lets_a_caller_wait(engine: FaultEngine, client: Client):
    fault = Fault(kind="drop", port=PORT, port_side="source", direction="ingress", duration_s=30)
    engine.apply(fault, "client-0")
    assert client.ask("new 0.2") == "timeout"
    (receipt,) = engine.heal("client-0")
    assert receipt.packets > 0


def test_a_reject_refuses_without_resetting(engine: FaultEngine, client: Client):
    engine.apply(Fault(kind="reject", port=PORT, duration_s=30), "client-0")
    assert client.ask("new 0.5") == "ECONNREFUSED"
    # an open TCP connection takes an unreachable port for a passing trouble
    assert client.ask("echo 0.2") == "timeout"


def test_a_loss_takes_its_share_of_datagrams_on_the_way_in(
    engine: FaultEngine, room: NetnsTarget, datagram_port: int
):
    count = 800
    assert datagrams_back(room, datagram_port, count) == count
    fault = Fault(
        kind="loss", protocol="udp", port=datagram_port, direction="ingress", loss_percent=20.0, duration_s=10
    )
    engine.apply(fault, "server-0")
    back = datagrams_back(room, datagram_port, count)
    (receipt,) = engine.heal("server-0")
    assert receipt.packets == count - back
    # 20 % of 800 is 160, with a standard deviation of 11.3
    assert 160 - 6 * 11.3 < receipt.packets < 160 + 6 * 11.3


def test_a_rate_holds_a_flood_to_its_bandwidth_and_leaves_others_alone(
    engine: FaultEngine, room: NetnsTarget
):
    before = snapshot(engine_run(room))
    receipt = engine.apply(Fault(kind="rate", port=PORT, rate_kbit=4000, duration_s=30), "client-0")
    flood = room.python("client-0", FLOOD, SERVICE_ADDRESS, str(PORT), "500000")
    other = Client(room, "client-0", SERVICE_ADDRESS)
    assert flood.stdout
    assert 2000 < int(flood.stdout.readline()) < 4800
    other.close()
    engine.heal("client-0")
    assert engine.receipt(receipt.id).packets > 0
    assert snapshot(engine_run(room)) == before


def test_two_rates_on_one_instance_end_each_on_its_own(engine: FaultEngine, room: NetnsTarget):
    engine.prepare("client-0")
    before = snapshot(engine_run(room))
    short = engine.apply(Fault(kind="rate", port=7001, rate_kbit=1000, duration_s=2.0), "client-0")
    long = engine.apply(Fault(kind="rate", port=7002, rate_kbit=1000, duration_s=4.0), "client-0")
    assert {one.id for one in engine.active("client-0")} == {short.id, long.id}
    engine.wait_until_ended(short)
    assert {one.id for one in engine.active("client-0")} == {long.id}
    engine.wait_until_ended(long)
    asked_until = time.monotonic() + 2
    while snapshot(engine_run(room)) != before and time.monotonic() < asked_until:
        pass
    assert snapshot(engine_run(room)) == before


def test_a_partition_cuts_two_services_off_both_ways(engine: FaultEngine, room: NetnsTarget, client: Client):
    careless = FaultEngine(room, limits=Limits(allow_all=True))
    # nobody listens there, so a packet that arrives is answered with a refusal
    backwards = canary_argv((room.instance("client-1").address, PORT))
    assert room.run("server-0", backwards).stdout == "refused\n"
    receipts = careless.partition("client", "server", 2.0)
    assert [receipt.note for receipt in receipts] == ["partition of client and server"] * 4
    assert client.ask("echo 0.2") == "timeout"
    assert room.run("server-0", backwards).stdout == "timeout\n"
    for receipt in receipts:
        assert careless.wait_until_ended(receipt).ended_by == "kernel"
    assert client.ask("new 1") == "ok"


def test_a_partition_of_all_instances_needs_permission(engine: FaultEngine):
    with pytest.raises(FaultRefused, match="set allow_all"):
        engine.partition("client", "server", 1.0)
    assert engine.active("client-0") == ()


def test_a_reset_and_a_drop_on_one_port_are_refused(engine: FaultEngine, room: NetnsTarget):
    engine.apply(Fault(kind="reset", port=PORT, duration_s=5), "client-0")
    swallowing = Fault(kind="drop", port=PORT, port_side="source", direction="ingress", duration_s=5)
    for fault in (Fault(kind="drop", port=PORT, duration_s=5), swallowing):
        with pytest.raises(FaultRefused, match="would meet reset of egress tcp"):
            engine.apply(fault, "client-0")
    assert len(engine.active("client-0")) == 1


def test_an_overlap_that_only_the_kernel_knows_of_is_refused_too(engine: FaultEngine, room: NetnsTarget):
    engine.apply(Fault(kind="reset", port=PORT, duration_s=5), "client-0")
    stranger = FaultEngine(room)
    with pytest.raises(FaultError, match="another fault acts on the same packets already"):
        stranger.apply(Fault(kind="drop", port=PORT, duration_s=5), "client-0")
    assert stranger.receipts()[0].error is not None


def test_what_needs_netem_works_or_is_refused_in_words_before_anything_is_touched(
    engine: FaultEngine, room: NetnsTarget
):
    engine.prepare("client-0")
    before = snapshot(engine_run(room))
    for kind in ("delay", "duplicate", "corrupt", "reorder"):
        fault = Fault(kind=kind, port=PORT, duration_s=0.5, **dict.fromkeys(KINDS[kind].required, 50.0))
        known = engine.capabilities("client-0")
        if known.lack("netem") and kind == "delay" and not known.lack("nfqueue"):
            assert engine.wait_until_ended(engine.apply(fault, "client-0")).backend == "nfqueue"
            before = snapshot(engine_run(room))  # with the base chain that iptables leaves
        elif not known.lack("netem"):
            assert engine.wait_until_ended(engine.apply(fault, "client-0")).ended_by == "kernel"
        else:
            with pytest.raises(FaultRefused, match=r"sch_netem \(CONFIG_NET_SCH_NETEM\)"):
                engine.apply(fault, "client-0")
            assert snapshot(engine_run(room)) == before


def test_releasing_takes_back_all_that_was_prepared(room: NetnsTarget):
    engine_run(room, "client-1")(["nft", "delete", "table", "inet", "chaosproof"])
    engine = FaultEngine(room)
    before = snapshot(engine_run(room, "client-1"))
    engine.apply(Fault(kind="reset", port=PORT, duration_s=30), "client-1")
    assert snapshot(engine_run(room, "client-1")) != before
    engine.release("client-1")
    assert snapshot(engine_run(room, "client-1")) == before


def test_preparing_twice_changes_nothing_and_ends_no_fault(engine: FaultEngine, room: NetnsTarget):
    receipt = engine.apply(Fault(kind="reset", port=PORT, duration_s=5), "client-0")
    FaultEngine(room).prepare("client-0")
    assert [one.id for one in engine.active("client-0")] == [receipt.id]


def test_a_fault_on_an_unknown_instance_is_an_error(engine: FaultEngine):
    with pytest.raises(ChaosproofError, match=r"client-9.*client-0"):
        engine.apply(Fault(kind="reset", port=PORT, duration_s=5), "client-9")


def test_a_fault_with_an_unknown_service_is_an_error(engine: FaultEngine):
    with pytest.raises(ChaosproofError, match="nobody"):
        engine.apply(Fault(kind="reset", port=PORT, peer="nobody", duration_s=5), "client-0")


def engine_run(room: NetnsTarget, instance: str = "client-0"):
    return lambda argv, *, stdin="", timeout_s=10.0: room.run(
        instance, argv, stdin=stdin, timeout_s=timeout_s
    )
