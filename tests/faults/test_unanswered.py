"""What a peer that is gone, stuck or cut off behind its handshake looks like to those who are connected to it."""

import time

import pytest

from chaosproof.errors import UsageError
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.model import Fault
from chaosproof.runfolder.faults import FaultRecord

from .conftest import Client
from .netns_target import PORT, NetnsTarget

LONG_S = 60.0

# sends until there is room no more, and prints how much was taken, and what its window is then
FILL = """
import socket, struct, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
print("up", flush=True)
sys.stdin.readline()
s.settimeout(1)
taken = 0
try:
    while taken < 64 << 20:
        taken += s.send(b"x" * 65536)
except TimeoutError:
    pass
print(taken, flush=True)
s.settimeout(20)
back = 0
sys.stdin.readline()
while back < taken:
    back += len(s.recv(1 << 20))
print(back, flush=True)
"""


def established(room: NetnsTarget, instance: str, port: int = PORT) -> int:
    listed = room.run(instance, ["ss", "-Htn", "state", "established", f"sport = :{port}"])
    return len(listed.stdout.splitlines())


def healed(engine: FaultEngine, receipt: FaultRecord) -> FaultRecord:
    """The final receipt of a fault that is healed once its canary was tried while it was on, where it has one."""
    while receipt.expects and receipt.expects.canary and engine.receipt(receipt.id).canary.during == "none":
        time.sleep(0.01)
    engine.heal(receipt.instance)
    return engine.wait_until_ended(receipt)


@pytest.mark.parametrize(
    ("kind", "direction", "sentence"),
    [
        ("half_open", "egress", "put it on the server, with direction ingress"),
        (
            "slow_drain",
            "ingress",
            "put on the side that sends: name the destination port, with direction egress",
        ),
    ],
)
def test_a_kind_that_makes_sense_at_one_end_alone_says_at_which(kind: str, direction: str, sentence: str):
    with pytest.raises(UsageError, match=sentence):
        Fault(kind=kind, port=PORT, direction=direction, duration_s=1)  # type: ignore[arg-type]


@pytest.mark.lab
def test_a_server_that_forgets_answers_its_clients_by_rst_when_they_send(room: NetnsTarget):
    """They hear nothing before; who dials anew is served while the fault is on."""
    engine = FaultEngine(room)
    address = room.instance("server-1").address
    client = Client(room, "client-0", address)
    assert client.ask("echo 1") == "ok"
    receipt = engine.apply(
        Fault(kind="half_open", port=PORT, direction="ingress", duration_s=LONG_S), "server-1"
    )
    while established(room, "server-1"):
        time.sleep(0.01)
    assert client.ask("read 0.3") == "timeout"
    assert client.ask("echo 1") == "ECONNRESET"
    assert client.ask("new 1") == "ok"
    assert client.ask("echo 1") == "ok"
    final = healed(engine, receipt)
    assert (final.canary.before, final.canary.during) == ("open", "open")
    # this client has sent and was told, so its end is closed: that is no other fault
    assert final.expects and final.expects.canary and final.expects.canary.peer is None
    assert final.packets is not None and final.packets >= 1
    client.close()


@pytest.mark.lab
def test_a_balancer_without_a_back_end_opens_connections_and_never_answers(room: NetnsTarget):
    engine = FaultEngine(room)
    address = room.instance("server-1").address
    before = Client(room, "client-0", address)
    assert before.ask("echo 1") == "ok"
    fault = Fault(kind="blackhole_after_handshake", port=PORT, peer=address, duration_s=LONG_S)
    receipt = engine.apply(fault, "client-0")
    assert before.ask("echo 0.3") == "timeout"
    held = established(room, "server-1")
    new = Client(room, "client-0", address)
    while established(room, "server-1") <= held:
        time.sleep(0.01)  # the handshake is whole at the server too
    assert new.ask("echo 0.3") == "timeout"
    final = healed(engine, receipt)
    assert (final.canary.before, final.canary.during) == ("open", "held")
    assert final.packets is not None and final.packets > 0
    # what was sent is sent again, and now it is answered
    assert new.ask("read 30") == "ok"
    before.close()
    new.close()


@pytest.mark.lab
def test_a_peer_that_takes_no_more_leaves_data_with_its_sender_until_it_ends(room: NetnsTarget):
    engine = FaultEngine(room)
    address = room.instance("server-1").address
    sender = room.python("client-0", FILL, address, str(PORT))
    assert sender.stdin and sender.stdout and sender.stdout.readline() == "up\n"
    receipt = engine.apply(Fault(kind="slow_drain", port=PORT, peer=address, duration_s=LONG_S), "client-0")
    sender.stdin.write("go\n")
    sender.stdin.flush()
    taken = int(sender.stdout.readline())
    assert taken < 64 << 20
    listed = room.run("client-0", ["ss", "-Htno", "dport", "=", f":{PORT}"]).stdout
    assert "timer:(persist" in listed
    final = healed(engine, receipt)
    assert final.packets is not None and final.packets > 0
    sender.stdin.write("read\n")
    sender.stdin.flush()
    assert int(sender.stdout.readline()) == taken
