"""What an instance says to itself, to its own address or to 127.0.0.1, meets a fault as anything else it says does."""

import time
from collections.abc import Iterator

import pytest

from chaosproof.faults.canary import canary_argv
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.errors import FaultRefused
from chaosproof.faults.model import Fault

from .conftest import Client
from .netns_target import PORT, NetnsTarget

pytestmark = pytest.mark.lab

HERE = "server-0"


@pytest.fixture(params=["127.0.0.1", "::1", "own", "own6"])
def own(room: NetnsTarget, request: pytest.FixtureRequest) -> str:
    """An address by which the instance calls itself."""
    instance = room.instance(HERE)
    return {"own": instance.address, "own6": instance.address6}.get(request.param, request.param)


@pytest.fixture
def caller(room: NetnsTarget, own: str) -> Iterator[Client]:
    client = Client(room, HERE, own)
    yield client
    client.close()


@pytest.fixture
def engine(room: NetnsTarget) -> Iterator[FaultEngine]:
    engine = FaultEngine(room, canary=False)
    yield engine
    engine.heal()


@pytest.mark.parametrize("backend", ["nft", "iptables"])
@pytest.mark.parametrize("direction", ["egress", "ingress"])
def test_a_drop_drops_it_in_either_direction(
    room: NetnsTarget, caller: Client, own: str, direction: str, backend: str
):
    engine = FaultEngine(room, canary=False, backend=backend)
    engine.apply(Fault(kind="drop", port=PORT, direction=direction, duration_s=30), HERE)
    assert caller.ask("echo 0.15") == "timeout"
    assert room.run(HERE, canary_argv((own, PORT))).stdout == "timeout\n"
    (receipt,) = engine.heal(HERE)
    assert receipt.packets and receipt.packets >= 2


@pytest.mark.parametrize("direction", ["egress", "ingress"])
def test_a_reset_ends_it_in_either_direction(
    room: NetnsTarget, engine: FaultEngine, caller: Client, own: str, direction: str
):
    engine.apply(Fault(kind="reset", port=PORT, direction=direction, duration_s=30), HERE)
    assert caller.ask("read 1") in ("ECONNRESET", "ECONNABORTED")
    assert room.run(HERE, canary_argv((own, PORT))).stdout == "refused\n"
    assert engine.heal(HERE)[0].packets


def test_a_rate_holds_it_to_its_bandwidth_and_counts_it(
    room: NetnsTarget, engine: FaultEngine, caller: Client, own: str
):
    """One way: what comes back is from the port, not to it. A packet is up to 64 KB long there."""
    engine.apply(Fault(kind="rate", port=PORT, rate_kbit=4000, duration_s=30), HERE)
    began = time.monotonic()
    # 64 KB pass at once, the others take two seconds for each million bytes; what does not fit into the queue, of which
    # a first window of TCP is five times as long, is lost, and sent once more after a time-out of TCP
    assert caller.ask("send 500000") == "ok"
    assert 0.7 < time.monotonic() - began < 4.0
    (receipt,) = engine.heal(HERE)
    assert receipt.packets and receipt.packets >= 7


def test_a_delay_by_a_queue_in_a_program_holds_it(room: NetnsTarget, caller: Client):
    engine = FaultEngine(room, canary=False, backend="nfqueue")
    engine.apply(Fault(kind="delay", port=PORT, delay_ms=60, duration_s=30), HERE)
    try:
        assert 55 <= min(float(caller.ask("rtt 1")) for _ in range(5)) <= 75
        (receipt,) = engine.heal(HERE)
        assert receipt.packets and receipt.packets >= 5
    finally:
        for family in ("ip", "ip6"):
            room.run(HERE, ["nft", "delete", "table", family, "mangle"])


def test_a_fault_with_a_peer_elsewhere_leaves_it_alone(
    room: NetnsTarget, engine: FaultEngine, caller: Client
):
    """And its queue is not on `lo`."""
    engine.apply(Fault(kind="drop", port=PORT, peer=room.instance("client-0").address, duration_s=30), HERE)
    queues = room.run(HERE, ["tc", "qdisc", "show", "dev", "lo"]).stdout
    assert "c405:" not in queues
    assert caller.ask("echo 1") == "ok"


def test_a_root_queue_that_somebody_has_on_loopback_is_left_there(room: NetnsTarget, engine: FaultEngine):
    theirs = ["tc", "qdisc", "add", "dev", "lo", "root", "handle", "7:", "htb"]
    assert room.run(HERE, theirs).exit_code == 0
    try:
        with pytest.raises(FaultRefused, match="lo has a root queue of its own"):
            engine.apply(Fault(kind="rate", port=PORT, rate_kbit=100, duration_s=1), HERE)
        elsewhere = Fault(kind="rate", port=PORT, rate_kbit=100, duration_s=1, peer="client")
        assert engine.apply(elsewhere, HERE).applied_at
    finally:
        engine.heal(HERE)
        room.run(HERE, ["tc", "qdisc", "del", "dev", "lo", "root"])


def test_the_canary_of_a_fault_on_ingress_calls_its_own_instance(room: NetnsTarget):
    """By the address that others call it by, over `lo`: through the same input chain."""
    engine = FaultEngine(room)
    receipt = engine.apply(Fault(kind="drop", port=PORT, direction="ingress", duration_s=1.5), HERE)
    final = engine.wait_until_ended(receipt)
    assert (final.canary.before, final.canary.during, final.canary.after) == ("open", "timeout", "open")
    # nobody else was there
    assert final.packets == 0
