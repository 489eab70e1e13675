"""A reset, on real connections through a real kernel."""

import json
import time

import pytest

from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.model import Fault
from chaosproof.judge.checks.fault import END_SLACK_S
from tests.support.sleeper import Sleeper

from .conftest import Client
from .netns_target import PORT, SERVICE_ADDRESS, NetnsTarget

pytestmark = pytest.mark.lab


def reset(duration_s: float = 1.0, **selector: object) -> Fault:
    return Fault(kind="reset", port=PORT, duration_s=duration_s, **selector)


def test_a_reset_ends_an_open_connection_and_refuses_a_new_one(engine: FaultEngine, client: Client):
    assert client.ask("echo 1") == "ok"
    engine.apply(reset(), "client-0")
    assert client.ask("echo 1") in ("ECONNRESET", "ECONNABORTED", "EPIPE")
    assert client.ask("new 1") == "ECONNREFUSED"


def test_a_reset_ends_a_connection_that_says_nothing(engine: FaultEngine, client: Client):
    engine.apply(reset(), "client-0")
    assert client.ask("read 1") == "ECONNABORTED"


def test_a_reset_leaves_the_other_instances_alone(engine: FaultEngine, room: NetnsTarget, client: Client):
    other = Client(room, "client-1", SERVICE_ADDRESS)
    engine.apply(reset(), "client-0")
    assert client.ask("new 1") == "ECONNREFUSED"
    assert other.ask("echo 1") == "ok"
    other.close()


def test_a_reset_ends_at_its_deadline_and_traffic_is_whole_again(engine: FaultEngine, client: Client):
    receipt = engine.apply(reset(1.0), "client-0")
    assert receipt.expires_at is not None
    sleeper = Sleeper(receipt.expires_at)
    answer, at = client.ask_when("new 1")
    while answer != "ok":
        answer, at = client.ask_when("new 1")
    # and as late as this machine wakes anybody; how late the kernel itself is, bench.faults.deadline measures
    assert -END_SLACK_S < at - receipt.expires_at < END_SLACK_S + sleeper.late_s()
    assert client.ask("echo 1") == "ok"


def test_the_receipt_proves_the_reset(engine: FaultEngine, client: Client):
    receipt = engine.apply(reset(3.0), "client-0")
    assert receipt.expires_at is not None
    sleeper = Sleeper(receipt.expires_at)
    tries = [client.ask("new 1") for _ in range(20)]
    final = engine.wait_until_ended(receipt)
    assert tries == ["ECONNREFUSED"] * 20
    assert (final.canary.before, final.canary.during, final.canary.after) == ("open", "refused", "open")
    # the 20 SYNs, and the RST that ended the open connection
    assert 20 <= final.packets <= 21
    assert final.ended_by == "kernel" and not final.healed and final.error is None
    assert final.ended_at is not None and final.expires_at is not None
    assert -END_SLACK_S < final.ended_at - final.expires_at < END_SLACK_S + sleeper.late_s()


def test_a_fault_that_meets_no_traffic_has_no_packets_on_its_receipt(engine: FaultEngine):
    final = engine.wait_until_ended(engine.apply(reset(0.5), "client-1"))
    assert final.canary.during == "refused"
    assert final.packets == 0


def test_a_reset_by_service_name_meets_the_service_address(engine: FaultEngine, client: Client):
    engine.apply(reset(30, peer="server"), "client-0")
    assert client.ask("new 1") == "ECONNREFUSED"
    (final,) = engine.heal("client-0")
    assert final.packets > 0


def test_a_reset_of_another_peer_leaves_this_one_alone(engine: FaultEngine, client: Client):
    engine.apply(reset(30, peer="192.0.2.0/24"), "client-0")
    assert client.ask("echo 1") == "ok"
    assert client.ask("new 1") == "ok"


def test_a_reset_holds_for_ipv6(engine: FaultEngine, room: NetnsTarget):
    client = Client(room, "client-0", room.instance("server-0").address6)
    engine.apply(reset(30), "client-0")
    assert client.ask("new 1") == "ECONNREFUSED"
    client.close()
    (final,) = engine.heal("client-0")
    assert final.packets > 0


def test_a_reset_on_the_server_resets_its_clients(engine: FaultEngine, room: NetnsTarget):
    client = Client(room, "client-0", room.instance("server-1").address)
    receipt = engine.apply(reset(2.0, direction="ingress"), "server-1")
    assert client.ask("echo 1") in ("ECONNRESET", "EPIPE")
    assert client.ask("new 1") == "ECONNREFUSED"
    client.close()
    final = engine.wait_until_ended(receipt)
    assert (final.canary.before, final.canary.during, final.canary.after) == ("open", "refused", "open")


def test_the_canary_tells_a_blackhole_from_a_reset(engine: FaultEngine):
    final = engine.wait_until_ended(
        engine.apply(Fault(kind="drop", port=PORT, duration_s=1.0), "client-0"),
    )
    assert final.canary.during == "timeout"
    assert final.packets == 0


def test_healing_ends_a_fault_at_once_and_twice_is_harmless(engine: FaultEngine, client: Client):
    receipt = engine.apply(reset(30), "client-0")
    assert client.ask("new 1") == "ECONNREFUSED"
    assert client.ask("new 1") == "ECONNREFUSED"
    (healed,) = engine.heal("client-0")
    assert client.ask("new 1") == "ok"
    assert (healed.id, healed.ended_by, healed.healed) == (receipt.id, "heal", True)
    assert healed.packets >= 2
    assert engine.heal("client-0") == []
    assert engine.heal() == []


def test_healing_what_was_never_prepared_is_harmless(room: NetnsTarget):
    room.run("client-1", ["nft", "delete", "table", "inet", "chaosproof"])
    assert FaultEngine(room).heal("client-1") == []


def test_a_fault_can_be_healed_by_another_engine(engine: FaultEngine, room: NetnsTarget, client: Client):
    receipt = engine.apply(reset(30), "client-0")
    FaultEngine(room).heal()
    assert client.ask("new 1") == "ok"
    final = engine.wait_until_ended(receipt)
    assert final.ended_by == "heal" and final.healed


def test_the_ledger_has_the_newest_state_of_every_fault(engine: FaultEngine, tmp_path):
    first = engine.apply(reset(0.5), "client-0")
    engine.wait_until_ended(first)
    second = engine.apply(reset(0.5), "client-0")
    rows = [json.loads(line) for line in (tmp_path / "faults.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [first.id, second.id]
    assert rows[0]["ended_by"] == "kernel" and rows[1]["ended_at"] is None


def test_several_faults_end_each_at_its_own_time(engine: FaultEngine):
    short = engine.apply(Fault(kind="reset", port=7001, duration_s=0.5), "client-0")
    long = engine.apply(Fault(kind="reset", port=7002, duration_s=2.0), "client-0")
    sleepers = [Sleeper(each.expires_at or 0.0) for each in (short, long)]
    ends = [engine.wait_until_ended(one) for one in (short, long)]
    for end, sleeper in zip(ends, sleepers, strict=True):
        assert end.ended_at is not None and end.expires_at is not None
        assert -END_SLACK_S < end.ended_at - end.expires_at < END_SLACK_S + sleeper.late_s()
    # the kernel began to count at some moment of the command
    assert time.time() >= (ends[1].expires_at or 0) - (ends[1].apply_ms or 0) / 1000
