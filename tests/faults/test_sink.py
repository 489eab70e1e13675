"""What is lost on egress is lost behind the sender's stack, as in the network; and what is said where it is not."""

import subprocess
import time
from collections.abc import Iterator, Sequence

import pytest

from chaosproof.faults.backends import choose_backend
from chaosproof.faults.backends.base import Capabilities, ResolvedFault
from chaosproof.faults.backends.iptables.render import rules_up
from chaosproof.faults.backends.nft.backend import Nft
from chaosproof.faults.backends.nft.render import elements
from chaosproof.faults.doctor import findings
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.errors import CapabilityError, FaultError
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import ANYONE
from chaosproof.targets.base import CommandResult, DeferredCommand, PendingCommand

from .netns_target import NetnsTarget

ALL = dict.fromkeys(["nft", "iptables", "htb", "netem", "nfqueue", "end-idle"], "")
LOSS = Fault(kind="loss", port=80, duration_s=1, loss_percent=50)
DATAGRAMS = Fault(kind="drop", protocol="udp", port=53, duration_s=1)
SINK = """
import socket, threading
server = socket.create_server(("", 7100))
print("up", flush=True)
def serve(connection):
    # acknowledges at once, and never answers: what goes to it is data alone
    while connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1) or connection.recv(1 << 16):
        pass
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
"""
# sends so many messages, each when the other kernel has the one before; prints how many its socket sent once more
SENDER = """
import fcntl, socket, struct, sys, time
s = socket.create_connection((sys.argv[1], 7100))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
print("up", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    s.send(b"x" * 100)
    while fcntl.ioctl(s, 0x5411, bytes(4)) != bytes(4):
        time.sleep(0.0005)
print(struct.unpack_from("I", s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192), 100)[0], flush=True)
"""
# sends one datagram to each address that is named, and prints what the call came to
DATAGRAM = """
import socket, sys
for host in sys.argv[2:]:
    family, kind, protocol, _, address = socket.getaddrinfo(host, int(sys.argv[1]), type=socket.SOCK_DGRAM)[0]
    try:
        print(socket.socket(family, kind, protocol).sendto(b"x", address))
    except OSError as error:
        print(type(error).__name__)
"""


def test_what_makes_a_loss_that_its_sender_does_not_notice_comes_first():
    assert choose_backend(Capabilities(ALL), LOSS) == "nft"
    without_queues = {**ALL, "htb": "no htb"}
    assert choose_backend(Capabilities(without_queues), LOSS) == "iptables"
    assert choose_backend(Capabilities({**without_queues, "nfqueue": "no nfqueue"}), LOSS) == "nft"
    ingress = Fault(kind="loss", port=80, duration_s=1, loss_percent=50, direction="ingress")
    assert choose_backend(Capabilities(without_queues), ingress) == "nft"


def test_a_loss_of_datagrams_that_would_fail_their_senders_call_is_refused():
    assert choose_backend(Capabilities(ALL), DATAGRAMS) == "nft"
    with pytest.raises(
        CapabilityError, match=r"EPERM, which no network does, because no htb: apply it with .*ingress"
    ):
        choose_backend(Capabilities({**ALL, "htb": "no htb"}), DATAGRAMS, "nft")
    nowhere = {**ALL, "htb": "no htb", "nfqueue": "no nfqueue"}
    with pytest.raises(CapabilityError, match=r"nft: .*no htb.*; iptables: .*no nfqueue"):
        choose_backend(Capabilities(nowhere), DATAGRAMS)


def test_the_doctor_says_where_the_sender_will_notice():
    known = Capabilities({**ALL, "htb": "no htb", "nfqueue": "no nfqueue"})
    for kind in ("drop", "loss", "stall"):
        (row,) = (row for row in findings(known) if row.kind == kind)
        assert row.backend == "nft"
        assert "own output hook (no htb)" in row.why and "hardly a retransmission" in row.why


def test_a_receipt_says_where_the_sender_notices():
    queued = ResolvedFault("ab12", LOSS, ANYONE, ("eth0",), 1)
    assert "notice" not in Nft().fidelity(queued) and "removes its queue" in Nft().fidelity(queued)
    said = Nft().fidelity(ResolvedFault("ab12", LOSS, ANYONE, noticed="no htb"))
    assert said.startswith("kernel expiry; dropped in the sender's own output hook (no htb)")


def test_a_loss_with_a_queue_throws_its_dice_and_sends_the_loser_to_its_class():
    line, _ = elements(LOSS, "ab12", ANYONE, shape_class=2)
    assert (line.map, line.key) == ("cut_egress_tcp_4", "0-2147483647 . 0.0.0.0/0 . 0-65535 . 80")
    assert line.value == 'counter timeout 1000ms comment "ab12" : goto shape_2'


def test_a_rule_of_iptables_drops_on_egress_by_a_queue_that_nobody_reads():
    assert "-j NFQUEUE --queue-num 50180" in rules_up(ResolvedFault("ab12", LOSS, ANYONE))[0].input
    noticed = ResolvedFault("ab12", LOSS, ANYONE, noticed="no nfqueue")
    assert "-j DROP" in rules_up(noticed)[0].input
    ingress = Fault(kind="stall", port=80, duration_s=1, direction="ingress")
    assert "-j DROP" in rules_up(ResolvedFault("ab12", ingress, ANYONE))[0].input


@pytest.fixture(scope="module")
def sink(room: NetnsTarget) -> Iterator[None]:
    process = room.python("server-0", SINK)
    assert process.stdout and process.stdout.readline() == "up\n"
    yield
    process.kill()


@pytest.fixture(params=["nft", "iptables"])
def engine(room: NetnsTarget, request: pytest.FixtureRequest) -> Iterator[FaultEngine]:
    engine = FaultEngine(room, backend=request.param, canary=False)
    yield engine
    engine.heal()


@pytest.mark.lab
def test_each_segment_that_is_lost_is_sent_again_and_counted_by_its_socket(
    room: NetnsTarget, engine: FaultEngine, sink: None
):
    # of 80 at 30 %, five or fewer are lost once in some million runs; of 40, once in a hundred
    sender = room.python("client-0", SENDER, room.instance("server-0").address, "80")
    assert sender.stdin and sender.stdout and sender.stdout.readline() == "up\n"
    engine.apply(Fault(kind="loss", port=7100, loss_percent=30, duration_s=100), "client-0")
    sender.stdin.write("\n")
    sender.stdin.flush()
    retransmitted = int(sender.stdout.readline())
    (receipt,) = engine.heal("client-0")
    assert receipt.packets and receipt.packets > 5
    assert retransmitted == pytest.approx(receipt.packets, rel=0.15)


@pytest.mark.lab
def test_a_datagram_that_is_lost_was_sent_for_all_its_sender_knows(room: NetnsTarget, engine: FaultEngine):
    server = room.instance("server-0")
    assert server.address6
    engine.apply(Fault(kind="drop", protocol="udp", port=7101, duration_s=20), "client-0")
    argv = ["python3", "-I", "-S", "-c", DATAGRAM, "7101", server.address, server.address6]
    assert room.run("client-0", argv).stdout == "1\n1\n"
    (receipt,) = engine.heal("client-0")
    assert receipt.packets == 2


@pytest.mark.lab
def test_behind_a_root_queue_of_somebody_else_the_sender_notices_and_the_receipt_says_so(room: NetnsTarget):
    engine = FaultEngine(room, backend="nft", canary=False)
    theirs = ["tc", "qdisc", "add", "dev", "eth0", "root", "handle", "7:", "htb"]
    assert room.run("client-1", theirs).exit_code == 0
    try:
        receipt = engine.apply(Fault(kind="drop", port=7100, duration_s=0.3), "client-1")
        assert "own output hook (eth0 has a root queue of its own (htb 7:)" in receipt.fidelity
        assert engine.wait_until_ended(receipt).ended_by == "kernel"
        with pytest.raises(CapabilityError, match=r"EPERM.* because eth0 has a root queue of its own"):
            engine.apply(Fault(kind="drop", protocol="udp", port=7100, duration_s=0.3), "client-1")
    finally:
        room.run("client-1", ["tc", "qdisc", "del", "dev", "eth0", "root"])


@pytest.mark.lab
def test_two_that_are_armed_before_either_goes_on_have_each_a_queue(room: NetnsTarget):
    engine = FaultEngine(room, backend="nft", canary=False)
    armed = [
        engine.arm(Fault(kind="drop", protocol="udp", port=port, duration_s=20), "client-0")
        for port in (7102, 7103)
    ]
    for one in armed:
        one.apply()
    address = room.instance("server-0").address
    for port in ("7102", "7103"):
        room.run("client-0", ["python3", "-I", "-S", "-c", DATAGRAM, port, address])
    assert [receipt.packets for receipt in engine.heal("client-0")] == [1, 1]


class Prestarting(NetnsTarget):
    """The room as a target that begins a command ahead."""

    begun: "list[subprocess.Popen[str]]"

    def prestart(self, instance: str, argv: Sequence[str], *, keep_s: float) -> PendingCommand:
        # what it complains of, too
        process = self.start(instance, ["sh", "-c", 'exec "$@" 2>&1', "sh", *argv])
        self.begun = [*getattr(self, "begun", ()), process]

        def go(stdin: str, timeout_s: float, after: DeferredCommand | None = None) -> CommandResult:
            out, _ = process.communicate(stdin, timeout=timeout_s)
            return CommandResult(tuple(argv), process.returncode, out, "", 0.0)

        return go


def wait_for_queue(room: NetnsTarget, *, there: bool, part: str = "blackhole") -> None:
    give_up_at = time.monotonic() + 5
    while (part in room.run("client-0", ["tc", "qdisc", "show"]).stdout) is not there:
        assert time.monotonic() < give_up_at


@pytest.mark.lab
def test_the_queue_is_there_when_its_fault_is_armed_and_goes_when_that_is_never_put_on(room: NetnsTarget):
    target = Prestarting.of(room.pid)
    engine = FaultEngine(target, backend="nft", canary=False)
    fault = Fault(kind="drop", protocol="udp", port=7104, duration_s=20)
    armed = engine.arm(fault, "client-0")
    wait_for_queue(room, there=True)
    armed.apply()
    room.run("client-0", ["python3", "-I", "-S", "-c", DATAGRAM, "7104", room.instance("server-0").address])
    assert engine.heal("client-0")[0].packets == 1
    wait_for_queue(room, there=False)
    engine.arm(fault, "client-0")
    wait_for_queue(room, there=True)
    # as when the process that armed it is killed
    for process in target.begun:
        assert process.stdin
        process.stdin.close()
    wait_for_queue(room, there=False)


@pytest.mark.lab
def test_who_heals_between_takes_the_queue_and_the_fault_puts_up_another(room: NetnsTarget):
    engine = FaultEngine(Prestarting.of(room.pid), backend="nft", canary=False)
    armed = engine.arm(Fault(kind="drop", protocol="udp", port=7105, duration_s=20), "client-0")
    wait_for_queue(room, there=True)
    FaultEngine(room).heal("client-0")
    wait_for_queue(room, there=False)
    receipt = armed.apply()
    wait_for_queue(room, there=True)
    room.run("client-0", ["python3", "-I", "-S", "-c", DATAGRAM, "7105", room.instance("server-0").address])
    assert engine.heal("client-0")[0].packets == 1
    assert "was put up again behind it" in engine.wait_until_ended(receipt).note


@pytest.mark.lab
def test_a_fault_that_is_refused_at_its_moment_leaves_no_queue(room: NetnsTarget):
    """Its queue was up; another fault had come to the same packets in between."""
    engine = FaultEngine(Prestarting.of(room.pid), backend="nft", canary=False)
    fault = Fault(kind="drop", protocol="udp", port=7106, duration_s=20)
    armed = engine.arm(fault, "client-0")
    wait_for_queue(room, there=True)
    other = FaultEngine(room, backend="nft", canary=False)
    other.apply(Fault(kind="reject", protocol="udp", port=7106, duration_s=20), "client-0")
    with pytest.raises(FaultError, match="another fault acts on the same packets already"):
        armed.apply()
    wait_for_queue(room, there=False)
    other.heal("client-0")


@pytest.mark.lab
def test_nothing_is_left_of_the_queue(room: NetnsTarget):
    engine = FaultEngine(room, backend="nft", canary=False)
    engine.wait_until_ended(engine.apply(Fault(kind="drop", port=7100, duration_s=0.3), "client-0"))
    # its leaf goes first, then the rest of it
    wait_for_queue(room, there=False, part="c405:")
