"""A reset is heard at both ends, or at the one that is asked for, and the receipt says what the other end had."""

import time
from collections.abc import Sequence

import pytest

from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.model import Fault
from chaosproof.runfolder.faults import FaultRecord
from chaosproof.targets.base import CommandResult

from .conftest import Client
from .crowd import crowd
from .netns_target import PORT as ECHO_PORT
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
    assert f"{count} connections were ended" in final.note or backend == "iptables"


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


class WithoutSs(NetnsTarget):
    """The same room, in which no instance has `ss`."""

    def run(
        self, instance: str, argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0
    ) -> CommandResult:
        hide = 'mount --bind /dev/null "$(command -v ss)"; exec "$@"'
        hidden = ["unshare", "--mount", "sh", "-c", hide, "sh", *argv]
        return super().run(instance, hidden, stdin=stdin, timeout_s=timeout_s)


def test_a_reset_that_cannot_end_open_connections_does_not_pass_for_one_that_found_none(room: NetnsTarget):
    bare = WithoutSs.of(room.pid)
    engine = FaultEngine(bare)
    with crowd(room, "client-0", "server-0", 1, PORT):
        receipt = engine.apply(reset(), "client-0")
        final = healed(engine, receipt)
    assert "open connections were left alone: ss ended with " in final.note
    assert (final.canary.during, final.canary.peer) == ("refused", "unknown")


class Late(NetnsTarget):
    """The same room, in which a canary takes longer to begin than the shortest fault lasts."""

    def run(
        self, instance: str, argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0
    ) -> CommandResult:
        late = ["sh", "-c", 'sleep 0.2; exec "$@"', "sh", *argv] if "create_connection" in str(argv) else argv
        return super().run(instance, late, stdin=stdin, timeout_s=timeout_s)


def test_a_canary_that_comes_after_the_end_of_a_short_fault_says_nothing_of_it(room: NetnsTarget):
    engine = FaultEngine(Late.of(room.pid))
    with crowd(room, "client-0", "server-0", 1, PORT):
        final = engine.wait_until_ended(engine.apply(reset(duration_s=0.1), "client-0"))
    assert (final.canary.before, final.canary.during, final.canary.after) == ("open", "none", "open")


@pytest.mark.parametrize("backend", ["nft", "iptables"])
@pytest.mark.parametrize(("instance", "direction"), [("client-0", "egress"), ("server-0", "ingress")])
def test_a_reset_that_ends_idle_connections_alone_has_hit(
    room: NetnsTarget, backend: str, instance: str, direction: str
):
    """Nobody sends and nobody dials anew: no rule of its own may see a packet."""
    engine = FaultEngine(room, backend=backend, canary=False)
    idle = Client(room, "client-0", SERVER, ECHO_PORT)
    peer = SERVER if direction == "egress" else room.instance("client-0").address
    fault = reset(port=ECHO_PORT, peer=peer, direction=direction, duration_s=1.5)
    final = engine.wait_until_ended(engine.apply(fault, instance))
    assert final.note == "1 connections were ended"
    assert final.packets is not None and final.packets >= 1
    assert idle.ask("read 1") in ("ECONNABORTED", "ECONNRESET")
    idle.close()
