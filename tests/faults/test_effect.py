"""What a queue did to the packets that went through it: as its kernel counts it, and what a receipt says of it."""

import pytest

from chaosproof.faults.backends.listings import read_queue
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.kinds import KINDS
from chaosproof.faults.model import Fault

from .conftest import Client
from .netns_target import PORT

LISTED = """\
qdisc htb c405: dev eth0 root refcnt 2 r2q 10 default 0 direct_packets_stat 9 direct_qlen 1000
 Sent 91004 bytes 204 pkt (dropped 40, overlimits 7 requeues 3)
 backlog 0b 0p requeues 0
qdisc tbf 1a2b: dev eth0 parent c405:1 rate 1Mbit burst 5000b lat 250ms
 Sent 88 bytes 2 pkt (dropped 4, overlimits 30 requeues 0)
 backlog 0b 0p requeues 5
qdisc tbf 1a2b: dev lo parent c405:1 rate 1Mbit burst 65550b lat 250ms
 Sent 0 bytes 0 pkt (dropped 1, overlimits 2 requeues 600)
 backlog 0b 0p requeues 0
qdisc netem 2fff: dev eth0 parent c405:2 limit 10000 delay 50ms reorder 25% gap 1
 Sent 0 bytes 0 pkt (dropped 0, overlimits 0 requeues 8)
 backlog 0b 0p requeues 0
"""


def test_the_counters_of_a_queue_are_added_up_over_the_devices():
    assert read_queue(LISTED, "1a2b:", ("overlimits", "dropped")) == 37
    assert read_queue(LISTED, "1a2b:", ("dropped",)) == 5
    assert read_queue(LISTED, "2fff:", ("requeues",)) == 8
    assert read_queue(LISTED, "2fff:", ("dropped",)) == 0


def test_of_a_queue_that_is_not_there_nothing_is_known():
    assert read_queue(LISTED, "1a2c:", ("dropped",)) is None
    assert read_queue("", "1a2b:", ("dropped",)) is None


def test_every_queue_that_spares_some_packets_says_how_its_effect_is_known():
    """By counters, or by a chance; a delay holds each packet that meets it."""
    shapes = [
        Fault(kind="rate", port=1, duration_s=1, rate_kbit=8).declared,
        Fault(kind="loss", port=1, duration_s=1, loss_percent=9, burst_packets=5).declared,
        *(KINDS[kind] for kind in ("reorder", "corrupt", "duplicate", "delay")),
    ]
    assert {kind.name for kind in shapes} >= {kind.name for kind in KINDS.values() if kind.layer == "shape"}
    known = {kind.name: (kind.effect_counters, kind.effect_chance) for kind in shapes if kind.effect}
    assert known == {
        "rate": (("overlimits", "dropped"), ""),
        "loss": (("dropped",), ""),
        "reorder": (("requeues",), ""),
        "corrupt": ((), "corrupt_percent"),
        "duplicate": ((), "duplicate_percent"),
    }
    # by itself a loss counts what it drops
    assert not Fault(kind="loss", port=1, duration_s=1, loss_percent=9).declared.effect


@pytest.mark.lab
@pytest.mark.parametrize(("rate_kbit", "holds"), [(2000, True), (10_000_000, False)])
def test_a_rate_says_whether_it_held_anything_back(
    engine: FaultEngine, client: Client, rate_kbit: float, holds: bool
):
    """The same bytes go through both queues, and are counted in both."""
    receipt = engine.apply(Fault(kind="rate", port=PORT, duration_s=3, rate_kbit=rate_kbit), "client-0")
    assert client.ask("send 60000") == "ok"
    final = engine.wait_until_ended(receipt)
    assert final.expects and final.expects.effect == "held back"
    assert final.packets is not None and final.packets > 0
    assert final.affected is not None and (final.affected > 0) is holds
