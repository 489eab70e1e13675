"""What others put into an instance's network is named once; what is ours, or stood there before, never."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.foreign import Entry, ForeignWatch, entries_of
from chaosproof.faults.model import Fault
from chaosproof.runfolder.events import ForeignEntry
from chaosproof.targets.base import Running
from tests.support.small_lab import TWO_SERVERS, running_lab
from tests.support.waiting import eventually

from .netns_target import NetnsTarget

INSTANCE = "client-1"
BEFORE = (
    "nft 'table inet mesh { chain o { type filter hook output priority 0; tcp dport 5 drop; }; }'; "
    "nft add rule inet mesh o tcp dport 6 accept"
)
GONE = "nft delete table inet mesh; nft delete table inet theirs; iptables -F; tc qdisc del dev eth0 root"
THEIRS = {
    "nft 'table inet theirs { chain o { type filter hook output priority 0; tcp dport 7 counter drop; }; }'": (
        "a rule of nft in table inet theirs, chain o: tcp dport 7 counter drop"
    ),
    "nft add rule inet mesh o udp dport 8 reject": "a rule of nft in table inet mesh, chain o: udp dport 8 reject",
    "iptables -A INPUT -p tcp --dport 9 -j DROP": (
        "a rule of iptables: -A INPUT -p tcp -m tcp --dport 9 -j DROP"
    ),
    "tc qdisc add dev eth0 root handle 1: tbf rate 1gbit burst 1mb limit 9mb": "a queue: qdisc tbf 1: dev eth0 root ",
}
HARMLESS = "nft add rule inet mesh o tcp dport 10 accept; nft add rule inet mesh o counter"


@pytest.fixture
def named(room: NetnsTarget) -> Iterator[list[ForeignEntry]]:
    yield []
    room.run(INSTANCE, ["sh", "-c", GONE])


def sh(room: NetnsTarget, script: str) -> None:
    done = room.run(INSTANCE, ["sh", "-c", script])
    assert done.exit_code == 0, done.stderr


@pytest.mark.lab
def test_what_comes_and_takes_packets_away_is_named_once(
    room: NetnsTarget, named: list[ForeignEntry]
) -> None:
    sh(room, BEFORE)
    watch = ForeignWatch(room, named.append)
    watch.look(INSTANCE, "at first")
    sh(room, HARMLESS)
    watch.look(INSTANCE, "second")
    assert named == []
    for script, words in THEIRS.items():
        sh(room, script)
        watch.look(INSTANCE, "then")
        watch.look(INSTANCE, "again")
        assert [(each.instance, each.fault, each.when) for each in named] == [(INSTANCE, None, "then")]
        assert named.pop().entry.startswith(words)


@pytest.mark.lab
@pytest.mark.parametrize("backend", ["nft", "iptables"])
def test_of_two_engines_each_names_the_faults_of_the_other(
    room: NetnsTarget, named: list[ForeignEntry], backend: str
) -> None:
    """Also where the other's were on at the first look: a fault is never part of the environment."""
    watch = ForeignWatch(room, named.append)
    ours = FaultEngine(room, backend=backend, canary=False, foreign=watch)
    theirs = FaultEngine(room, backend=backend, canary=False)
    foreign = theirs.apply(Fault(kind="drop", port=7001, duration_s=30), INSTANCE)
    try:
        own = ours.apply(Fault(kind="reset", port=7002, duration_s=0.5), INSTANCE)
        ours.wait_until_ended(own)
        watch.look_at_all("at the end")
    finally:
        theirs.heal(INSTANCE)
    assert [(each.instance, each.fault) for each in named] == [(INSTANCE, foreign.id)]
    assert named[0].when == f"as reset on {INSTANCE} went on"
    assert f"the fault {foreign.id} (" in named[0].entry


@pytest.mark.lab
def test_a_fault_of_another_that_our_heal_ends_is_named(room: NetnsTarget, named: list[ForeignEntry]) -> None:
    ours = FaultEngine(room, canary=False, foreign=ForeignWatch(room, named.append))
    own = ours.apply(Fault(kind="reset", port=7002, duration_s=30), INSTANCE)
    foreign = FaultEngine(room, canary=False).apply(Fault(kind="drop", port=7001, duration_s=30), INSTANCE)
    ours.heal(INSTANCE)
    ours.wait_until_ended(own)
    assert [(each.instance, each.fault) for each in named] == [(INSTANCE, foreign.id)]


SHAPED = """\
\n====\n\n====\n\n====
qdisc htb c405: root refcnt 2 r2q 10 default 0 direct_packets_stat 0
qdisc netem 1f2e: dev eth0 parent c405:1 limit 1000 delay 100ms
qdisc noqueue 0: dev lo root refcnt 2
"""


def test_a_queue_of_ours_is_told_from_one_of_another_process_by_its_fault() -> None:
    entries = list(entries_of(SHAPED))
    assert entries == [
        Entry(
            "the fault with the queue 1f2e (netem on eth0) of another chaosproof process",
            "with the queue 1f2e",
        )
    ]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_lab(tmp_path_factory.mktemp("foreign"), TWO_SERVERS) as lab:
        yield lab


@pytest.mark.lab
def test_a_fault_that_somebody_injects_by_hand_is_named(lab: Running) -> None:
    named: list[ForeignEntry] = []
    watch = ForeignWatch(lab.target, named.append)
    watch.look_at_all("as the run began")
    argv = [str(Path(sys.executable).with_name("chaosproof")), "inject", "reset", "--instance", "web-0"]
    argv += ["--port", "9000", "--duration", "3s", "--json", "--lab", lab.name]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as inject:
        assert eventually(lambda: watch.look("web-0", "under it") or named)
        printed, _ = inject.communicate(timeout=30)
    assert [(each.instance, each.fault) for each in named] == [("web-0", json.loads(printed)["id"])]
    assert "(reset on egress) of another chaosproof process" in named[0].entry
