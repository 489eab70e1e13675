"""The gate before the maps: what opens it, what is refused, and that no fault ends with a shorter one's gate.

.venv/bin/python -m pytest tests/faults/test_gate.py
"""

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from chaosproof.faults.backends.interpreter import python_argv
from chaosproof.faults.backends.nft.activation import (
    Gate,
    has_moved,
    is_changeable,
    is_open,
    key_of,
    open_script,
    read_gate,
)
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.errors import FaultError
from chaosproof.faults.model import Fault
from tests.support.network import snapshot_of

from .netns_target import NetnsTarget

HERE = "client-0"
FIRST_PORT = 22_000  # below the ports that connections are made from; see test_many
LISTING = """table inet chaosproof {
	map gate_egress {
		typeof meta nfproto : verdict
		flags interval,timeout
		elements = { 0-255 timeout 3s expires 2s996ms : goto egress_open }
	}

	map next_egress {
		type mark : mark
		flags timeout
		elements = { 0x00000011 timeout 3s expires 2s996ms : 0x00000012, 0x00000000 timeout 2s expires 1s : 0x00000011 }
	}

	map gate_ingress {
		typeof meta nfproto : verdict
		flags interval,timeout
	}
}
"""
SHUT = LISTING.replace("elements", "#")


def test_a_shut_gate_is_opened_for_as_long_as_the_fault():
    for changeable in (True, False):
        assert open_script("egress", "ab12", 15.0, changeable=changeable).splitlines() == [
            "create element inet chaosproof gate_egress { 0-255 timeout 15000ms expires 15000ms : goto egress_open }",
            f"create element inet chaosproof next_egress {{ 0x00000000 timeout 15000ms : {key_of('ab12')} }}",
        ]


@pytest.mark.parametrize(("left_s", "expected_ms"), [(20.0, 20000), (3.0, 15000)])
def test_an_open_one_stays_open_for_the_longer_of_both_and_has_one_successor(left_s: float, expected_ms: int):
    gate = Gate("0x00000011", left_s)
    timeout = f"timeout {expected_ms}ms expires {expected_ms}ms"
    opened = f"element inet chaosproof gate_ingress {{ 0-255 {timeout} : goto ingress_open }}"
    succeeds = f"create element inet chaosproof next_ingress {{ 0x00000011 timeout {expected_ms}ms : {key_of('b')} }}"
    assert open_script("ingress", "b", 15.0, gate, changeable=True).splitlines() == [
        f"add {opened}",
        succeeds,
    ]
    assert open_script("ingress", "b", 15.0, gate).splitlines() == [
        "delete element inet chaosproof gate_ingress { 0-255 }",
        f"create {opened}",
        succeeds,
    ]


@pytest.mark.parametrize(
    ("release", "expected"),
    [("6.12.1", True), ("6.18.44-fc", True), ("7.0", True), ("6.11.9", False), ("5.15", False), ("", False)],
)
def test_since_6_12_a_timeout_can_be_changed(release: str, expected: bool):
    assert is_changeable(release) is expected


def test_a_gate_is_read_from_the_listing_of_its_own_direction():
    assert read_gate(LISTING, "egress") == Gate("0x00000012", 2.996)
    assert read_gate(LISTING, "ingress") is None
    assert is_open(LISTING, "egress") and not is_open(SHUT, "egress")
    assert not is_open(LISTING, "ingress")


def test_only_what_nft_says_of_the_gate_means_that_it_has_moved():
    said = "/dev/stdin:1:48-51: Error: Could not process rule: File exists\ncreate element inet chaosproof "
    assert has_moved(f"{said}gate_egress {{ 0-255 timeout 3s : goto egress_open }}")
    assert has_moved(f"{said}next_ingress {{ 0x00000013 timeout 3s : 0x00000014 }}")
    assert not has_moved(f"{said}cut_egress_tcp_4 {{ 0-4294967295 . 0.0.0.0/0 . 0-65535 . 1 }}")


# --- on this kernel

lab = pytest.mark.lab
either_way = pytest.mark.usefixtures("changeable")


@pytest.fixture(scope="module")
def gate_room() -> Iterator[NetnsTarget]:
    with NetnsTarget(clients=2, servers=1) as target:
        yield target


@pytest.fixture(params=[True, False], ids=["changed", "replaced"])
def changeable(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a kernel that cannot change a timeout, and on this one as if it could not."""
    if not request.param:
        monkeypatch.setattr("chaosproof.faults.backends.nft.activation._CHANGEABLE_SINCE", (99, 0))


# the time that a program takes to start is not that of its connection
TRY = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 0.15)
except ConnectionRefusedError:
    print("refused")
except TimeoutError:
    print("silence")
"""


def engine_of(room: NetnsTarget) -> FaultEngine:
    engine = FaultEngine(room, canary=False)
    engine.prepare(HERE)
    return engine


def reset(port: int, duration_s: float) -> Fault:
    return Fault(kind="reset", port=port, duration_s=duration_s)


def refused(room: NetnsTarget, port: int) -> bool:
    """Whether a connection from the instance gets a reset although nobody out there sends one."""
    argv = python_argv(TRY, room.instance("server-0").address, str(port))
    return room.run(HERE, argv).stdout == "refused\n"


def settles(room: NetnsTarget, before: dict[str, object]) -> bool:
    """Whether the instance becomes as it was before, once the kernel has taken back what was let go."""
    give_up_at = time.monotonic() + 5
    while (now := snapshot_of(room, HERE)) != before and time.monotonic() < give_up_at:
        pass
    return now == before


@pytest.fixture(autouse=True)
def silent_server(request: pytest.FixtureRequest) -> Iterator[None]:
    """Who is refused was refused by a fault of its own side: the server answers nothing."""
    if request.node.get_closest_marker("lab") is None:
        yield
        return
    room: NetnsTarget = request.getfixturevalue("gate_room")
    rules = (
        "table ip silent { chain in { type filter hook input priority 0; tcp dport 22000-22999 drop; }\n }\n"
    )
    assert room.run("server-0", ["nft", "-f", "-"], stdin=rules).exit_code == 0
    yield
    room.run("server-0", ["nft", "delete", "table", "ip", "silent"])


@lab
@either_way
def test_a_short_fault_of_another_process_does_not_end_a_long_one(gate_room: NetnsTarget):
    mine, theirs = engine_of(gate_room), engine_of(gate_room)
    before = snapshot_of(gate_room, HERE)
    long = mine.apply(reset(FIRST_PORT, 4.0), HERE)
    short = theirs.apply(reset(FIRST_PORT + 1, 0.5), HERE)
    theirs.wait_until_ended(short)
    assert refused(gate_room, FIRST_PORT) and not refused(gate_room, FIRST_PORT + 1)
    ended = mine.wait_until_ended(long)
    assert ended.packets and (ended.expires_at or 0) - 0.1 < (ended.ended_at or 0)
    assert settles(gate_room, before)


@lab
@either_way
def test_of_two_faults_of_one_length_the_later_acts_longer(gate_room: NetnsTarget):
    """To the kernel, a timeout that is what it was before is no change."""
    engine = engine_of(gate_room)
    first = engine.apply(reset(FIRST_PORT, 2.0), HERE)
    time.sleep(1.5)  # what is between the two ends
    second = engine.apply(reset(FIRST_PORT + 1, 2.0), HERE)
    engine.wait_until_ended(first)
    assert refused(gate_room, FIRST_PORT + 1)
    assert engine.wait_until_ended(second).ended


@lab
@either_way
def test_what_an_engine_remembers_is_only_believed_while_it_is_so(gate_room: NetnsTarget):
    mine, theirs = engine_of(gate_room), engine_of(gate_room)
    receipts = [
        engine.apply(reset(FIRST_PORT + number, duration_s), HERE)
        for number, (engine, duration_s) in enumerate(
            [(mine, 3.0), (theirs, 4.0), (mine, 3.0), (theirs, 3.0), (mine, 3.5)]
        )
    ]
    assert all(refused(gate_room, FIRST_PORT + number) for number in (1, 4))
    for receipt in receipts[::2]:
        mine.wait_until_ended(receipt)
    for receipt in receipts[1::2]:
        theirs.wait_until_ended(receipt)
    listing = gate_room.run(HERE, ["nft", "list", "table", "inet", "chaosproof"]).stdout
    assert not is_open(listing, "egress") and not is_open(listing, "ingress")


@lab
def test_after_a_heal_the_next_fault_acts_for_its_own_time(gate_room: NetnsTarget):
    engine = engine_of(gate_room)
    before = snapshot_of(gate_room, HERE)
    engine.apply(reset(FIRST_PORT, 60.0), HERE)
    engine.heal(HERE)
    assert settles(gate_room, before)
    receipt = engine.apply(reset(FIRST_PORT, 3.0), HERE)
    assert refused(gate_room, FIRST_PORT)
    engine.wait_until_ended(receipt)
    assert settles(gate_room, before)


@lab
def test_a_fault_whose_gate_somebody_shut_proves_nothing(gate_room: NetnsTarget):
    engine = engine_of(gate_room)
    receipt = engine.apply(reset(FIRST_PORT, 3.0), HERE)
    shut = "flush map inet chaosproof gate_egress\nflush map inet chaosproof next_egress\n"
    assert gate_room.run(HERE, ["nft", "-f", "-"], stdin=shut).exit_code == 0
    assert not refused(gate_room, FIRST_PORT)
    with pytest.raises(FaultError, match=r"the gate before reset .* was shut before its time"):
        engine.wait_until_ended(receipt)
    assert not engine.receipt(receipt.id).ended


@lab
def test_nor_does_one_whose_gate_somebody_opened_again(gate_room: NetnsTarget):
    mine, theirs = engine_of(gate_room), engine_of(gate_room)
    receipt = mine.apply(reset(FIRST_PORT, 3.0), HERE)
    assert refused(gate_room, FIRST_PORT)
    shut = "flush map inet chaosproof gate_egress\nflush map inet chaosproof next_egress\n"
    assert gate_room.run(HERE, ["nft", "-f", "-"], stdin=shut).exit_code == 0
    theirs.apply(reset(FIRST_PORT + 1, 5.0), HERE)
    with pytest.raises(FaultError, match=r"the gate before reset .* was shut before its time"):
        mine.wait_until_ended(receipt)
    assert theirs.heal(HERE)


@lab
def test_both_directions_have_a_gate_of_their_own(gate_room: NetnsTarget):
    engine = engine_of(gate_room)
    drop = Fault(kind="drop", port=FIRST_PORT, direction="ingress", duration_s=0.5)
    short = engine.apply(drop, HERE)
    long = engine.apply(reset(FIRST_PORT + 1, 4.0), HERE)
    engine.wait_until_ended(short)
    listing = gate_room.run(HERE, ["nft", "list", "table", "inet", "chaosproof"]).stdout
    assert read_gate(listing, "ingress") is None and read_gate(listing, "egress") is not None
    assert refused(gate_room, FIRST_PORT + 1)
    engine.wait_until_ended(long)


@lab
@either_way
def test_many_processes_at_once_all_get_in(gate_room: NetnsTarget):
    """Four engines that know nothing of each other, five faults each: as many processes would be."""
    engines = [engine_of(gate_room) for _ in range(4)]
    before = snapshot_of(gate_room, HERE)
    ports = itertools.count(FIRST_PORT)

    def five(engine: FaultEngine) -> list[int]:
        mine = [next(ports) for _ in range(5)]
        for port in mine:
            engine.apply(reset(port, 30.0), HERE)
        return mine

    with ThreadPoolExecutor(len(engines)) as pool:
        taken = [port for mine in pool.map(five, engines) for port in mine]
    assert len(engines[0].active(HERE)) == 20
    gate = read_gate(gate_room.run(HERE, ["nft", "list", "table", "inet", "chaosproof"]).stdout, "egress")
    assert gate is not None and gate.left_s > 25.0
    assert all(refused(gate_room, port) for port in taken[::5])
    engines[0].heal(HERE)
    assert settles(gate_room, before)


@lab
def test_a_selector_that_is_taken_is_still_refused_while_the_gate_moves(gate_room: NetnsTarget):
    mine, theirs = engine_of(gate_room), engine_of(gate_room)
    mine.apply(reset(FIRST_PORT, 5.0), HERE)
    began = time.monotonic()
    with pytest.raises(FaultError, match="another fault acts on the same packets already"):
        theirs.apply(reset(FIRST_PORT, 5.0), HERE)
    assert time.monotonic() - began < 2.0
    mine.heal(HERE)
