"""A reset is heard at both ends, or at the one that is asked for, and the receipt says what the other end had."""

import time

import pytest

from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.model import Fault
from chaosproof.runfolder.faults import FaultRecord

from .crowd import crowd
from .netns_target import NetnsTarget

pytestmark = pytest.mark.lab

PORT = 7000
SERVER = "10.77.0.3"


def reset(**changes: object) -> Fault:
    return Fault(**{"kind": "reset", "port": PORT, "duration_s": 30.0, "peer": SERVER, **changes})


def established(room: NetnsTarget, instance: str) -> int:
    listed = room.run(instance, ["ss", "-Htn", "state", "established", f"sport = :{PORT}"])
    return len(listed.stdout.splitlines())


def healed(engine: FaultEngine, receipt: FaultRecord) -> FaultRecord:
    """The final receipt of a fault that is healed once all is looked at that is to be seen while it is on."""
    while engine.receipt(receipt.id).canary.during == "none":
        time.sleep(0.01)
    engine.heal(receipt.instance)
    return engine.wait_until_ended(receipt)


@pytest.mark.parametrize("backend", ["nft", "iptables"])
@pytest.mark.parametrize("count", [1, 50, 1000])
def test_a_reset_on_the_client_leaves_nothing_at_the_server(room: NetnsTarget, backend: str, count: int):
    engine = FaultEngine(room, backend=backend)
    with crowd(room, "client-0", "server-0", count, PORT) as connections:
        receipt = engine.apply(reset(), "client-0")
        gone_at = connections.gone_at()
        words, _ = connections.told()
        final = healed(engine, receipt)
    assert receipt.applied_at is not None and gone_at < receipt.applied_at + 10
    assert sum(words.values()) == count and set(words) <= {"ECONNABORTED", "ECONNRESET"}
    assert final.canary.peer == "closed"
    assert f"{count} connections were ended by ss -K" in final.note or backend == "iptables"


def test_a_reset_on_the_server_is_heard_by_its_clients(room: NetnsTarget):
    engine = FaultEngine(room)
    with crowd(room, "client-0", "server-0", 50, PORT) as connections:
        receipt = engine.apply(reset(direction="ingress", peer=None), "server-0")
        connections.gone_at()
        words, _ = connections.told()
        final = healed(engine, receipt)
    assert words == {"ECONNRESET": 50}
    assert final.canary.peer == "closed"


def test_a_reset_that_the_client_alone_hears_of_leaves_the_server_its_connections(room: NetnsTarget):
    engine = FaultEngine(room)
    with crowd(room, "client-0", "server-0", 4, PORT) as connections:
        receipt = engine.apply(reset(sides="client"), "client-0")
        words, _ = connections.told()
        assert established(room, "server-0") == 4
        final = healed(engine, receipt)
    assert sum(words.values()) == 4
    assert (final.canary.during, final.canary.peer) == ("refused", "open")
    assert final.magnitude == {"sides": "client"}


def test_a_reset_that_the_server_alone_hears_of_leaves_the_client_its_connections(room: NetnsTarget):
    engine = FaultEngine(room)
    with crowd(room, "client-0", "server-0", 1, PORT) as connections:
        receipt = engine.apply(reset(sides="server"), "client-0")
        connections.gone_at()
        mine = room.run("client-0", ["ss", "-Htn", "state", "established", f"dport = :{PORT}"])
        assert len(mine.stdout.splitlines()) == 1
        final = healed(engine, receipt)
    assert final.canary.during == "timeout"
    assert final.packets is not None and final.packets > 0
