"""Many faults at once: on one instance, and on many instances. How long they take is for bench.faults.many."""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from chaosproof.runfolder.faults import FaultRecord
from tests.support.network import snapshot_of

from .netns_target import NetnsTarget

pytestmark = pytest.mark.lab

INSTANCES = 20
FAULTS = 50
# below the ports that connections are made from: the RST of a fault goes to such a port, and must meet no other fault
FIRST_PORT = 21000

# one port after another: whether a connection there is refused by our own side, or by the server that has none
PORTS = """
import json, socket, sys
found = []
for port in map(int, sys.argv[2:]):
    with socket.socket() as s:
        s.settimeout(0.15)
        try:
            s.connect((sys.argv[1], port))
        except OSError as error:
            found.append([port, type(error).__name__])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def wide_room() -> Iterator[NetnsTarget]:
    with NetnsTarget(clients=INSTANCES, servers=1) as target:
        yield target


def refused(room: NetnsTarget, instance: str, ports: Sequence[int]) -> set[int]:
    """The ports on which a connection from the instance is refused; the server drops what reaches it."""
    argv = ["python3", "-I", "-S", "-c", PORTS, room.instance("server-0").address, *map(str, ports)]
    done = room.run(instance, argv, timeout_s=30.0)
    print(done.stdout)  # shown where a test fails
    return {port for port, error in json.loads(done.stdout) if error == "ConnectionRefusedError"}


def wait_until_idle_ended(engine: FaultEngine, receipts: Sequence[FaultRecord]) -> None:
    """A fault ends its idle connections a moment after it went on, and would end one that is being made."""
    give_up_at = time.monotonic() + 20
    while not all(engine.receipt(one.id).note for one in receipts):
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def silent_server(wide_room: NetnsTarget) -> Iterator[None]:
    """The server answers nothing, so that whoever is refused was refused by a fault of its own side."""
    rules = (
        "table ip silent { chain in { type filter hook input priority 0; tcp dport 21000-21999 drop; }\n }\n"
    )
    assert wide_room.run("server-0", ["nft", "-f", "-"], stdin=rules).exit_code == 0
    yield
    wide_room.run("server-0", ["nft", "delete", "table", "ip", "silent"])


def reset(port: int, duration_s: float) -> Fault:
    return Fault(kind="reset", port=port, duration_s=duration_s)


def test_fifty_faults_on_one_instance_act_each_on_its_own_port_and_leave_nothing(wide_room: NetnsTarget):
    engine = FaultEngine(wide_room, canary=False)
    engine.prepare("client-0")
    before = snapshot_of(wide_room, "client-0")
    ports = range(FIRST_PORT, FIRST_PORT + FAULTS)
    receipts = [engine.apply(reset(port, 30), "client-0") for port in ports]
    wait_until_idle_ended(engine, receipts)
    assert {one.id for one in engine.active("client-0")} == {receipt.id for receipt in receipts}
    assert refused(wide_room, "client-0", [*ports, ports[-1] + 1]) == set(ports)
    assert refused(wide_room, "client-1", ports[:3]) == set()
    assert len(engine.heal("client-0")) == FAULTS
    for receipt in receipts:
        assert engine.wait_until_ended(receipt).packets == 1
    assert snapshot_of(wide_room, "client-0") == before


def test_twenty_instances_at_once_have_each_its_own_fault_and_its_own_end(wide_room: NetnsTarget):
    engine = FaultEngine(wide_room, limits=Limits(allow_all=True), canary=False)
    names = [f"client-{number}" for number in range(INSTANCES)]
    ports = {name: FIRST_PORT + number for number, name in enumerate(names)}
    with ThreadPoolExecutor(INSTANCES) as all_at_once:
        list(all_at_once.map(engine.prepare, names))
        before = list(all_at_once.map(partial(snapshot_of, wide_room), names))
        receipts = list(all_at_once.map(lambda name: engine.apply(reset(ports[name], 8), name), names))
        wait_until_idle_ended(engine, receipts)

        def seen(name: str) -> set[int]:
            neighbour = ports[names[(names.index(name) + 1) % INSTANCES]]
            return refused(wide_room, name, [ports[name], neighbour])

        assert list(all_at_once.map(seen, names)) == [{ports[name]} for name in names]
        finals = list(all_at_once.map(engine.wait_until_ended, receipts))
        after = list(all_at_once.map(partial(snapshot_of, wide_room), names))
    assert [(final.packets, final.ended_by) for final in finals] == [(1, "kernel")] * INSTANCES
    assert after == before
