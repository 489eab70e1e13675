"""What the engine asks of a target, and what it makes of the answers."""

import pytest

from chaosproof.errors import TargetError
from chaosproof.faults import apply_runner, observer
from chaosproof.faults.backends.base import ResolvedFault
from chaosproof.faults.backends.nft.activation import key_of
from chaosproof.faults.backends.socket_kill import socket_filter
from chaosproof.faults.canary import canary_address, hits, read_canary
from chaosproof.faults.conflicts import conflicts
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.errors import FaultError, FaultRefused
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import ANYONE, merge, resolve_peer
from chaosproof.targets.base import Address, CommandResult, Instance
from tests.support.fake_target import FakeTarget

RESET = Fault(kind="reset", port=50051, duration_s=15)
COUNTER = "table inet chaosproof {\n\tchain reset_egress {\n\t\tcounter packets %d bytes 0 reject\n\t}\n}\n"


@pytest.fixture
def target() -> FakeTarget:
    target = FakeTarget(
        [
            Instance("app-a-0", "app-a", "10.0.0.1", "fd00::1", {"http": 8080}),
            Instance("app-a-1", "app-a", "10.0.0.2", "fd00::2", {"http": 8080}),
            Instance("app-b-0", "app-b", "10.0.0.3", "fd00::3", {"grpc": 50051}),
        ],
        {"app-b": Address("app-b", "10.96.0.7", {"grpc": 50051})},
    )
    target.answer(["nft", "list", "chain"], COUNTER % 100)
    # the observer: ended at once, its last look saw 7 packets, the chain counts 112 in all
    element = (
        '{ 0-9 . tcp . 0.0.0.0/0 . 50051 counter packets 7 bytes 0 timeout 15s expires 1s comment "f0" }'
    )
    gate = "map gate_egress {\n\t\telements = { 0-255 expires 1s : goto egress_open }\n\t}\n"
    newest = f"map next_egress {{\n\t\telements = {{ 0x00000000 expires 1s : {key_of('f0')} }}\n\t}}\n"
    listing = f"table inet chaosproof {{\n elements = {element}\n{gate}{newest}"
    ended = "\n====\n".join(["1015.01", "1014.9", "itself", listing, listing, COUNTER % 112])
    target.answer(["sh", "-c"], "open\n")
    target.answer(watch_begin(), ended)
    # the rule is on, and behind it no connection was ended
    target.answer(apply_begin(), "\n====\n\n====\n0")
    return target


def watch_begin() -> list[str]:
    return ["sh", "-c", observer._SCRIPT]


def apply_begin() -> list[str]:
    return ["sh", "-c", apply_runner._BEHIND]


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def engine_of(target: FakeTarget, **options) -> tuple[FaultEngine, Clock]:
    clock, ids = Clock(), iter(f"f{number}" for number in range(99))
    return FaultEngine(target, clock=clock, new_id=lambda: next(ids), **options), clock


def test_applying_an_armed_fault_is_one_command(target: FakeTarget):
    engine, _ = engine_of(target)
    armed = engine.arm(RESET, "app-a-0")
    before = len(target.calls)
    armed.apply()
    first = [call for call in target.calls if call.what == "run"][before]
    assert first.argv[:3] == tuple(apply_begin()) and first.argv[-3:] == ("nft", "-f", "-")
    assert first.argv[4].startswith("ss -HKtn state established ")
    assert first.stdin.count("create element inet chaosproof cut_") == 2
    assert "create element" not in "".join(call.stdin for call in target.calls[:before])


def test_the_receipt_counts_by_the_chain_without_the_canary(target: FakeTarget):
    engine, clock = engine_of(target)
    armed = engine.arm(RESET, "app-a-0")
    target.answer(["sh", "-c"], "refused\n")
    target.answer(watch_begin(), "\n====\n".join(["1015.01", "1014.9", "itself", "", "", COUNTER % 112]))
    receipt = armed.apply()
    clock.at = 1015.01
    final = engine.wait_until_ended(receipt)
    # 112 - 100 in all, one of which was the canary's
    assert final.packets == 11
    assert (receipt.planned_at, receipt.applied_at, receipt.expires_at) == (1000.0, 1000.0, 1015.0)


def test_a_fault_that_ends_before_its_time_was_healed_by_somebody(target: FakeTarget):
    engine, _ = engine_of(target)
    final = engine.wait_until_ended(engine.apply(RESET, "app-a-0"))
    assert (final.ended_by, final.healed, final.ended_at) == ("heal", True, 1000.0)


def test_a_kernel_that_does_not_take_it_leaves_a_receipt_with_its_words(target: FakeTarget):
    engine, _ = engine_of(target)
    target.answer(apply_begin(), exit_code=1, stderr="Error: Could not process rule: Operation not permitted")
    with pytest.raises(
        FaultError, match=r"did not take reset of egress tcp .* nft ended with 1: .*not permitted"
    ):
        engine.apply(RESET, "app-a-0")
    (receipt,) = engine.receipts()
    assert receipt.applied_at is None and "not permitted" in (receipt.error or "")


def test_an_end_that_nobody_could_observe_is_no_end(target: FakeTarget):
    engine, _ = engine_of(target)
    target.answer(watch_begin(), exit_code=124, stderr="")
    receipt = engine.apply(RESET, "app-a-0")
    with pytest.raises(FaultError, match="the end of the fault could not be observed"):
        engine.wait_until_ended(receipt)
    assert engine.receipt(receipt.id).ended_at is None


def test_limits_are_asked_again_when_an_armed_fault_is_applied(target: FakeTarget):
    engine, _ = engine_of(target)
    target.answer(watch_begin(), exit_code=124)
    first, second = engine.arm(RESET, "app-a-0"), engine.arm(RESET, "app-a-1")
    first.apply()
    with pytest.raises(FaultRefused, match="no instance of app-a whole"):
        second.apply()


def test_what_is_refused_touches_nothing(target: FakeTarget):
    engine, _ = engine_of(target, limits=Limits(ceiling_s=10))
    with pytest.raises(FaultRefused, match="ceiling"):
        engine.apply(RESET, "app-a-0")
    assert target.calls == []


def test_healing_tries_every_instance_even_after_one_failed(target: FakeTarget):
    engine, _ = engine_of(target)
    target.answer(["sh", "-c"], exit_code=1, stderr="nsenter: cannot open")
    with pytest.raises(FaultError, match=r"app-a-0: .*nsenter: cannot open.*; app-b-0: "):
        engine.heal()
    assert len(target.commands()) == 3


def test_without_a_canary_none_is_tried(target: FakeTarget):
    engine, _ = engine_of(target, canary=False)
    engine.arm(RESET, "app-a-0")
    assert not any("create_connection" in word for argv in target.commands() for word in argv)


def test_an_unknown_fault_is_an_error_that_lists_the_known_ones(target: FakeTarget):
    engine, _ = engine_of(target)
    engine.apply(RESET, "app-a-0")
    with pytest.raises(FaultError, match="no fault zz is known: known are f0"):
        engine.receipt("zz")


@pytest.mark.parametrize(
    ("fault", "instance", "address"),
    [
        (RESET, "app-a-0", ("10.96.0.7", 50051)),
        (Fault(kind="drop", port=50051, peer="app-b", duration_s=1), "app-a-0", ("10.96.0.7", 50051)),
        (Fault(kind="drop", port=7, peer="10.0.0.9", duration_s=1), "app-a-0", ("10.0.0.9", 7)),
        (Fault(kind="reset", port=50051, direction="ingress", duration_s=1), "app-b-0", ("10.0.0.3", 50051)),
        (Fault(kind="reset", port=4222, duration_s=1), "app-a-0", None),
        (Fault(kind="loss", port=50051, loss_percent=5, duration_s=1), "app-a-0", None),
        (Fault(kind="drop", port=53, protocol="udp", direction="ingress", duration_s=1), "app-a-0", None),
    ],
    ids=str,
)
def test_the_canary_goes_where_it_meets_the_fault(target: FakeTarget, fault, instance, address):
    assert canary_address(fault, instance, target) == address


def test_a_canary_that_could_not_fly_says_nothing():
    assert read_canary(CommandResult((), 127, "", "python3: not found", 0)) == "none"
    assert read_canary(CommandResult((), 0, "timeout\n", "", 0)) == "timeout"
    assert [hits(word) for word in ("open", "none", "refused", "reset", "timeout")] == [0, 0, 1, 1, 1]


def test_a_service_is_its_address_and_its_instances(target: FakeTarget):
    assert [str(n) for n in resolve_peer("app-b", target)] == ["10.0.0.3/32", "10.96.0.7/32", "fd00::3/128"]
    assert resolve_peer(None, target) == ANYONE
    assert [str(n) for n in resolve_peer("10.1.2.3/24", target)] == ["10.1.2.0/24"]
    with pytest.raises(TargetError, match="nobody"):
        resolve_peer("nobody", target)


def test_networks_are_merged_so_that_none_meets_another():
    import ipaddress

    many = [ipaddress.ip_network(n) for n in ("10.0.0.0/25", "10.0.0.128/25", "10.0.0.7", "fd00::1")]
    assert [str(n) for n in merge(many)] == ["10.0.0.0/24", "fd00::1/128"]


def test_open_connections_are_found_by_the_same_selector():
    peer = Fault(kind="reset", port=50051, duration_s=1, peer="app-b")
    server = Fault(kind="reset", port=50051, duration_s=1, direction="ingress")
    import ipaddress

    networks = (ipaddress.ip_network("10.96.0.7"), ipaddress.ip_network("fd00::3"))
    assert socket_filter(ResolvedFault("f", RESET, ANYONE)) == "dport = :50051"
    assert socket_filter(ResolvedFault("f", server, ANYONE)) == "sport = :50051"
    assert socket_filter(ResolvedFault("f", peer, networks)) == (
        "dport = :50051 and ( dst 10.96.0.7/32 or dst fd00::3/128 )"
    )


def test_faults_clash_when_they_meet_on_the_same_packets_or_spoil_each_other():
    def with_(kind: str, **changes) -> Fault:
        return Fault(**{"kind": kind, "port": 80, "duration_s": 1, **changes})

    drop, loss = with_("drop"), with_("loss", loss_percent=5)
    answers = with_("drop", port_side="source", direction="ingress")
    assert conflicts(with_("reset"), ANYONE, with_("reset"), ANYONE)
    assert conflicts(with_("reset"), ANYONE, drop, ANYONE)
    assert conflicts(with_("reset"), ANYONE, answers, ANYONE)
    assert conflicts(answers, ANYONE, with_("reject"), ANYONE)
    assert conflicts(drop, ANYONE, loss, ANYONE)
    assert conflicts(with_("drop", port=None, peer="10.0.0.1"), ANYONE[:1], with_("reset"), ANYONE)
    assert not conflicts(drop, ANYONE, answers, ANYONE)
    assert not conflicts(with_("reset"), ANYONE, with_("reset", port=81), ANYONE)
    assert not conflicts(with_("reset"), ANYONE[:1], drop, ANYONE[1:])
    assert not conflicts(with_("delay", delay_ms=5), ANYONE, loss, ANYONE)
    assert conflicts(with_("delay", delay_ms=5), ANYONE, with_("rate", rate_kbit=80), ANYONE)
    assert not conflicts(with_("reset"), ANYONE, with_("drop", protocol="udp", direction="ingress"), ANYONE)


def test_a_kind_that_acts_on_the_answers_too_clashes_with_what_acts_on_those():
    """The kernel lets both in, as their keys are different, and then the one that is found first acts."""

    def with_(kind: str, **changes) -> Fault:
        return Fault(**{"kind": kind, "port": 80, "duration_s": 1, **changes})

    forgets, sent = with_("half_open", direction="ingress"), with_("drop", port_side="source")
    drains = with_("slow_drain")
    arrives = with_("drop", direction="ingress", port_side="source")
    server = with_("reset", sides="server", direction="ingress")
    assert conflicts(forgets, ANYONE, sent, ANYONE) and conflicts(sent, ANYONE, forgets, ANYONE)
    assert conflicts(drains, ANYONE, arrives, ANYONE)
    assert conflicts(server, ANYONE, with_("stall", port_side="source"), ANYONE)
    assert not conflicts(forgets, ANYONE, with_("drop"), ANYONE)
    assert not conflicts(forgets, ANYONE, with_("delay", port_side="source", delay_ms=5), ANYONE)
