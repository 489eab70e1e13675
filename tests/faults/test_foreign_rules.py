"""What somebody else has set in an instance's network stays to the byte, whatever faults come and go."""

import re
from collections.abc import Iterator

import pytest

from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.errors import FaultRefused
from chaosproof.faults.model import Fault

from .netns_target import NetnsTarget

pytestmark = pytest.mark.lab

INSTANCE = "client-1"
DURATION_S = 0.6
# rules that look like ours where they can, in every chain that ours go to, and a queue at the root
THEIRS = """
set -e
nft -f - <<END
table inet theirs {
  set s { type inet_service; elements = { 7000, 7100 } }
  chain out { type filter hook output priority 0; tcp dport @s counter accept comment "chaosproof"; }
  chain in { type filter hook input priority 0; counter; }
}
END
for program in iptables ip6tables; do
  $program -A OUTPUT -p tcp --dport 7100 -m comment --comment "chaosproof of somebody else" -j ACCEPT
  $program -I INPUT -p udp -m statistic --mode random --probability 0.5 -j ACCEPT
  $program -N THEIRS && $program -A OUTPUT -j THEIRS
done
tc qdisc add dev eth0 root handle 1: tbf rate 1gbit burst 1mb limit 9mb
"""
LISTING = (
    "nft list ruleset; iptables-save; ip6tables-save; tc qdisc show dev eth0; tc filter show dev eth0; "
    "tc class show dev eth0"
)
GONE = (
    "nft delete table inet theirs; nft delete table ip filter; nft delete table ip6 filter; "
    "tc qdisc del dev eth0 root"
)
CUTS = [
    Fault(kind="reset", port=7000, duration_s=DURATION_S),
    Fault(kind="reject", port=7001, duration_s=DURATION_S),
    Fault(kind="drop", port=7002, duration_s=DURATION_S),
    Fault(kind="drop", protocol="udp", port=7003, direction="ingress", duration_s=DURATION_S),
    Fault(kind="loss", port=7004, loss_percent=50.0, duration_s=DURATION_S),
]


@pytest.fixture
def listed(room: NetnsTarget) -> Iterator[list[str]]:
    """What there was before, as a listing without counters and times."""
    for backend in ("nft", "iptables"):
        FaultEngine(room, backend=backend).prepare(INSTANCE)
    try:
        done = room.run(INSTANCE, ["sh", "-c", THEIRS])
        assert done.exit_code == 0, done.stderr
        yield listing(room)
    finally:
        room.run(INSTANCE, ["sh", "-c", GONE])


def listing(room: NetnsTarget) -> list[str]:
    done = room.run(INSTANCE, ["sh", "-c", LISTING])
    assert done.exit_code == 0
    stable = re.sub(
        r"packets \d+ bytes \d+|\[\d+:\d+\]|^# (Generated|Completed).*$", "", done.stdout, flags=re.M
    )
    return stable.splitlines()


@pytest.mark.parametrize("backend", ["nft", "iptables"])
@pytest.mark.parametrize("healed", [False, True], ids=["ending", "healed"])
def test_every_cut_comes_and_goes_beside_what_others_set(
    room: NetnsTarget, listed: list[str], backend: str, healed: bool
):
    engine = FaultEngine(room, backend=backend, canary=False)
    receipts = [engine.apply(fault, INSTANCE) for fault in CUTS]
    assert listing(room) != listed
    if healed:
        engine.heal(INSTANCE)
    for receipt in receipts:
        engine.wait_until_ended(receipt)
    assert listing(room) == listed


@pytest.mark.parametrize(
    "fault",
    [Fault(kind="rate", port=7000, rate_kbit=1000, duration_s=1), *CUTS[:1]],
    ids=["rate", "reset by tc"],
)
def test_a_fault_that_needs_the_root_queue_is_refused_where_it_is_somebodys(
    room: NetnsTarget, listed: list[str], fault: Fault
):
    engine = FaultEngine(room, backend="tc" if fault.kind == "reset" else None, canary=False)
    # without netem there is no reset by tc in the first place
    with pytest.raises(FaultRefused, match=r"eth0 has a root queue of its own|is not possible here"):
        engine.apply(fault, INSTANCE)
    assert listing(room) == listed
