"""The ways of making a fault besides nft, and how one is chosen."""

from collections.abc import Iterator

import pytest

from chaosproof.faults.backends import choose_backend
from chaosproof.faults.backends.base import Capabilities
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.errors import FaultError, FaultRefused
from chaosproof.faults.model import Fault
from chaosproof.faults.receipts.closing import CLEANED
from chaosproof.judge.checks.fault import END_SLACK_S
from tests.support.network import snapshot
from tests.support.sleeper import Sleeper

from .conftest import Client
from .netns_target import PORT, NetnsTarget

RESET = Fault(kind="reset", port=80, duration_s=1)
DELAY = Fault(kind="delay", port=80, duration_s=1, delay_ms=100)
ALL = dict.fromkeys(["nft", "iptables", "htb", "netem"], "")


def test_nft_comes_first_then_iptables_then_tc():
    assert choose_backend(Capabilities(ALL), RESET) == "nft"
    assert choose_backend(Capabilities({**ALL, "nft": "no nft"}), RESET) == "iptables"
    assert choose_backend(Capabilities({**ALL, "nft": "no nft", "iptables": "no iptables"}), RESET) == "tc"


def test_a_forced_backend_is_taken_or_refused_and_never_replaced():
    assert choose_backend(Capabilities(ALL), RESET, "iptables") == "iptables"
    with pytest.raises(FaultRefused, match="reset is not possible here: no iptables"):
        choose_backend(Capabilities({**ALL, "iptables": "no iptables"}), RESET, "iptables")
    with pytest.raises(FaultRefused, match="unknown fault backend 'magic'"):
        choose_backend(Capabilities(ALL), RESET, "magic")


def test_where_nothing_works_every_reason_is_given():
    with pytest.raises(FaultRefused, match=r"nft: no nft; iptables: no iptables; tc: no htb"):
        choose_backend(
            Capabilities({"nft": "no nft", "iptables": "no iptables", "htb": "no htb", "netem": ""}), RESET
        )


def test_what_nobody_tried_is_not_taken_for_possible():
    with pytest.raises(FaultRefused, match="nobody has tried"):
        choose_backend(Capabilities(), RESET)


def test_a_delay_needs_nft_and_netem():
    assert choose_backend(Capabilities(ALL), DELAY) == "nft"
    with pytest.raises(FaultRefused, match="delay is not possible here: no netem"):
        choose_backend(Capabilities({**ALL, "netem": "no netem"}), DELAY, "nft")
    with pytest.raises(FaultRefused, match="cannot single out"):
        choose_backend(Capabilities(ALL), DELAY, "iptables")


def test_a_loss_in_bursts_is_made_by_a_queue_and_by_nothing_else():
    bursts = Fault(kind="loss", port=80, duration_s=1, loss_percent=20, burst_packets=5)
    assert choose_backend(Capabilities(ALL), bursts) == "nft"
    for backend in (None, "iptables"):
        with pytest.raises(FaultRefused, match=r"no netem|cannot single out"):
            choose_backend(Capabilities({**ALL, "netem": "no netem"}), bursts, backend)


def test_a_blackhole_by_tc_stands_in_for_reset_and_drop_on_egress_only():
    loss = Fault(kind="loss", port=80, duration_s=1, loss_percent=50)
    ingress = Fault(kind="reset", port=80, duration_s=1, direction="ingress")
    for fault in (loss, ingress):
        with pytest.raises(FaultRefused, match="reset and drop on egress only"):
            choose_backend(Capabilities(ALL), fault, "tc")


@pytest.fixture
def by_iptables(room: NetnsTarget) -> Iterator[FaultEngine]:
    engine = FaultEngine(room, backend="iptables")
    yield engine
    engine.heal()
    for receipt in engine.receipts():
        if receipt.applied_at is not None:
            engine.wait_until_ended(receipt)
    for instance in room.instances():
        for family in ("ip", "ip6"):
            room.run(instance.name, ["nft", "delete", "table", family, "filter"])


@pytest.mark.lab
def test_a_reset_by_iptables_is_a_reset_and_ends_by_its_watchdog(by_iptables: FaultEngine, client: Client):
    receipt = by_iptables.apply(Fault(kind="reset", port=PORT, duration_s=3.0), "client-0")
    assert receipt.backend == "iptables" and receipt.fidelity.startswith("watchdog")
    assert receipt.expires_at is not None
    sleeper = Sleeper(receipt.expires_at)
    assert client.ask("echo 1") in ("ECONNRESET", "ECONNABORTED", "EPIPE")
    assert client.ask("new 1") == "ECONNREFUSED"
    while (answer := client.ask_when("new 1"))[0] != "ok":
        assert answer[0] == "ECONNREFUSED"
    final = by_iptables.wait_until_ended(receipt)
    assert (final.canary.before, final.canary.during, final.canary.after) == ("open", "refused", "open")
    # one that is 0.2 s late on a busy machine is helped by its observer; test_kill.py has it alone
    assert (final.ended_by == "watchdog" or CLEANED in final.note) and final.packets >= 1
    # by the traffic: whoever observes it may be late
    assert final.expires_at is not None
    assert -END_SLACK_S < answer[1] - final.expires_at < END_SLACK_S + sleeper.late_s()


@pytest.mark.lab
@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="reject", port=PORT, duration_s=20, peer="server", port_side="destination"),
        Fault(kind="drop", port=PORT, duration_s=20, direction="ingress", port_side="source"),
        Fault(kind="drop", protocol="any", peer="server", direction="ingress", duration_s=20),
        Fault(kind="loss", protocol="udp", port=53, duration_s=20, loss_percent=0.01, direction="ingress"),
    ],
    ids=str,
)
def test_healing_takes_a_rule_and_its_watchdog_away(
    by_iptables: FaultEngine, room: NetnsTarget, fault: Fault
):
    def run(argv, *, stdin="", timeout_s=10.0):
        return room.run("client-0", argv, stdin=stdin, timeout_s=timeout_s)

    by_iptables.prepare("client-0")
    before = snapshot(run)
    receipt = by_iptables.apply(fault, "client-0")
    assert [one.id for one in by_iptables.active("client-0")] == [receipt.id]
    assert run(["grep", "-lzx", "chaosproof-watchdog", "-r", "/proc", "--include=cmdline"]).stdout
    (healed,) = by_iptables.heal("client-0")
    assert healed.ended_by == "heal"
    assert snapshot(run) == before
    watchdogs = run(["sh", "-c", "grep -lzx chaosproof-watchdog /proc/[0-9]*/cmdline"])
    assert watchdogs.stdout == ""


@pytest.mark.lab
def test_a_rule_that_iptables_does_not_take_leaves_nothing(by_iptables: FaultEngine, room: NetnsTarget):
    armed = by_iptables.arm(Fault(kind="reset", port=PORT, duration_s=20), "client-0")
    room.run("client-0", ["sh", "-c", "mkdir -p /run/no; mount -t tmpfs none /run/no"])
    hidden = "mount --bind /bin/false $(readlink -f $(command -v ip6tables))"
    shown = "umount $(readlink -f $(command -v ip6tables))"
    assert room.run("client-0", ["sh", "-c", hidden]).exit_code == 0
    try:
        with pytest.raises(FaultError, match="iptables did not take reset"):
            armed.apply()
    finally:
        assert room.run("client-0", ["sh", "-c", shown]).exit_code == 0
    assert by_iptables.active("client-0") == ()
