"""Connections whose other end nobody has any more, asked of real kernels; what cannot be asked is never none."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from chaosproof.errors import ChaosproofError, TargetError, UsageError
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.model import Fault
from chaosproof.faults.process import ProcessFaults
from chaosproof.probes.connections import half_open
from chaosproof.runfolder.faults import FaultLedger
from chaosproof.runner.session import Session
from chaosproof.runner.unused_connections import Kernels, TcpSocket, judged, read_tcp_sockets
from chaosproof.targets.base import CommandResult, Instance, Target
from chaosproof.targets.local.target import LocalTarget
from tests.support.fake_target import FakeTarget
from tests.support.small_lab import running_lab
from tests.support.waiting import eventually

PORT = 7000

# Keeps what is opened to it, and never closes any of it. Health is asked on another port.
SERVER = """\
import http.server, socket, threading
listening, held = socket.create_server(("", 7000)), []
def accept():
    while True:
        held.append(listening.accept())
threading.Thread(target=accept, daemon=True).start()
http.server.ThreadingHTTPServer(("", 8000), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
# One connection by the service's address, which leads to either instance, and one to an instance itself.
CLIENT = """\
import signal, socket, time
def opened(host):
    while True:
        try:
            return socket.create_connection((host, 7000))
        except OSError:
            time.sleep(0.05)
held = [opened("web"), opened("web-0")]
for each in held:
    each.sendall(b"hello")
signal.pause()
"""
SYSTEM = f"""\
services:
  web:
    command: [python, -c, {json.dumps(SERVER)}]
    replicas: 2
    ports: {{kept: 7000, http: 8000}}
    healthcheck: {{http: /, port: http, interval_s: 0.05, timeout_s: 10}}
  client:
    command: [python, -c, {json.dumps(CLIENT)}]
    replicas: 4
    depends_on: [web]
"""
# by hand what a firewall on the way does to an RST
NO_RST = """\
table inet by_hand {
  chain out {
    type filter hook output priority 0
    tcp flags & rst == rst drop
  }
}
"""

LISTING = """\
ESTAB     0 0 10.9.0.2:7000 10.9.0.3:4711 cubic wscale:7,7 rto:204 lastsnd:90 lastrcv:1500 lastack:80 pacing_rate 1bps
ESTAB     0 0 [::ffff:10.9.0.2]:7000 [::ffff:10.9.0.5]:51 cubic rto:204 lastsnd:7
SYN-SENT  0 1 10.9.0.2:80 10.9.0.6:51 cubic rto:1000 lastrcv:12
FIN-WAIT-2 0 0 [fe80::1]%eth0:7000 [fe80::2]:51 cubic lastrcv:2000
not a socket
"""


def configured(target: Target) -> dict[str, object]:
    return {"chaosproof_session": Session(None, target, "lab", FaultEngine(target), ProcessFaults(target))}


def test_what_ss_lists_is_read_as_both_ends_and_the_time_since_something_came() -> None:
    """A time that ss leaves out is 0; addresses are without brackets, interface and IPv6's prefix for IPv4."""
    assert read_tcp_sockets(LISTING) == (
        TcpSocket("ESTAB", ("10.9.0.2", 7000), ("10.9.0.3", 4711), 1.5),
        TcpSocket("ESTAB", ("10.9.0.2", 7000), ("10.9.0.5", 51), 0.0),
        TcpSocket("SYN-SENT", ("10.9.0.2", 80), ("10.9.0.6", 51), 0.012),
        TcpSocket("FIN-WAIT-2", ("fe80::1", 7000), ("fe80::2", 51), 2.0),
    )


WEB = Instance("web-0", "web", "10.9.0.2")
HELD = TcpSocket("ESTAB", ("10.9.0.2", 7000), ("10.9.0.3", 4711), 3.0)
SERVICE, ELSEWHERE, STRANGER = ("10.9.1.1", 7000), ("10.9.0.4", 7000), ("192.0.2.1", 7000)


def at_the_client(other: tuple[str, int], state: str = "ESTAB", port: int = 4711) -> TcpSocket:
    return TcpSocket(state, ("10.9.0.3", port), other, 0.0)


@pytest.mark.parametrize(
    ("client", "sibling", "other_end"),
    [
        ([], [], "half-open"),
        ([at_the_client(HELD.own)], [], "used"),
        ([at_the_client(HELD.own, "FIN-WAIT-1")], [], "used"),
        ([at_the_client(HELD.own, "TIME-WAIT")], [], "half-open"),
        ([at_the_client(HELD.own, "SYN-SENT")], [], "half-open"),
        ([at_the_client(HELD.own, port=4712)], [], "half-open"),
        ([at_the_client(SERVICE)], [], "used"),
        ([at_the_client(SERVICE)], [TcpSocket("ESTAB", ELSEWHERE, HELD.other, 0.0)], "unknown"),
        ([at_the_client(SERVICE)], [TcpSocket("TIME-WAIT", ELSEWHERE, HELD.other, 0.0)], "used"),
        ([at_the_client(SERVICE)], None, "unknown"),
        ([at_the_client(ELSEWHERE)], [], "half-open"),
        ([at_the_client(STRANGER)], [], "unknown"),
        ([at_the_client(STRANGER), at_the_client(HELD.own)], [], "used"),
        (None, [], "unknown"),
    ],
)
def test_the_other_end_is_known_by_its_address_and_port_and_by_whom_it_is_connected_to(
    client: Sequence[TcpSocket] | None, sibling: Sequence[TcpSocket] | None, other_end: str
) -> None:
    """Where a service's address, or one that nobody knows, hides to whom, what cannot be told is unknown."""
    listed = {"client-0": client, "web-1": sibling}
    kernels = Kernels(
        {name: sockets for name, sockets in listed.items() if sockets is not None},
        {"10.9.0.2": "web-0", "10.9.0.4": "web-1", "10.9.0.3": "client-0"},
        {"10.9.1.1": "web"},
        ["web-1"],
    )
    assert judged(HELD, WEB, kernels).other_end == other_end


def test_an_end_that_is_no_instance_is_unknown() -> None:
    """A load generator, a health check, a pod that is gone: nobody can be asked."""
    connection = judged(HELD, WEB, Kernels({"web-1": []}, {"10.9.0.2": "web-0"}, {}, ["web-1"]))
    assert (connection.peer, connection.other_end) == ("", "unknown")


class Silent(FakeTarget):
    """A target on which some instances cannot be asked; the others list one connection of theirs."""

    def __init__(self, silent: str, **listed: str) -> None:
        super().__init__([WEB, Instance("client-0", "client", "10.9.0.3")])
        self._silent, self._listed = silent, listed

    def run(self, instance: str, *args: object, **kwargs: object) -> CommandResult:
        if instance == self._silent:
            return CommandResult(("ss",), 1, "", "Cannot open netlink socket", 0.0)
        return CommandResult(("ss",), 0, self._listed.get(instance.replace("-", "_"), ""), "", 0.0)


SERVER_SIDE = "ESTAB 0 0 10.9.0.2:7000 10.9.0.3:4711 cubic lastrcv:3000\n"


def test_an_other_end_that_cannot_be_asked_leaves_the_count_open() -> None:
    """There is no number to be taken for none, and what is certain has a figure of its own."""
    answer = half_open("web-0", PORT, configuration=configured(Silent("client-0", web_0=SERVER_SIDE)))
    assert (answer["half_open"], answer["half_open_at_least"], answer["unknown"]) == (None, 0, 1)
    assert answer["connections"][0]["other_end"] == "unknown"


def test_a_look_beside_the_fault_that_it_is_about_is_an_error(tmp_path: Path) -> None:
    """What is held when no reset is on says nothing about one."""
    target = Silent("")
    session = Session(tmp_path, target, "lab", FaultEngine(target), ProcessFaults(target))
    with pytest.raises(ChaosproofError, match="No reset is on before this measurement"):
        half_open("web-0", PORT, under="reset", configuration={"chaosproof_session": session})


def test_an_instance_that_cannot_be_asked_itself_is_an_error() -> None:
    """It says with what the command ended."""
    with pytest.raises(TargetError, match="on web-0 ended with 1: Cannot open netlink socket"):
        half_open("web-0", PORT, configuration=configured(Silent("web-0")))


@pytest.mark.parametrize(
    ("name", "port", "sentence"),
    [("shop-9", PORT, "There is no instance 'shop-9'"), ("web-0", 0, "port"), ("web-0", "http", "port")],
)
def test_a_wrong_argument_is_one_sentence(name: str, port: int, sentence: str) -> None:
    """An unknown name lists the known ones."""
    with pytest.raises((TargetError, UsageError), match=sentence):
        half_open(name, port, configuration=configured(Silent("")))


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTarget]:
    with running_lab(tmp_path_factory.mktemp("half-open"), SYSTEM) as lab:
        yield LocalTarget(lab.name)


@pytest.mark.lab
def test_a_connection_that_only_the_server_still_has_is_counted_and_the_others_are_not(
    target: LocalTarget,
) -> None:
    """The client's sockets are ended, and its RST is dropped as by a firewall: the server hears nothing."""
    configuration = configured(target)

    def look(name: str) -> dict[str, Any]:
        return half_open(name, PORT, configuration=configuration)

    # four clients, each with one connection by the service's address and one to web-0
    assert eventually(lambda: look("web")["used"] == 8, within_s=60)
    assert (look("web")["half_open"], look("web")["unknown"], look("web")["idle_longest_s"]) == (0, 0, None)
    assert target.run("client-0", ["nft", "-f", "-"], stdin=NO_RST).exit_code == 0
    ended = target.run("client-0", ["ss", "-HKtn", "state", "established", f"dport = :{PORT}"])
    assert len(ended.stdout.splitlines()) == 2, "this kernel ends no sockets (CONFIG_INET_DIAG_DESTROY)"
    after = look("web")
    assert (after["established"], after["used"], after["half_open"], after["unknown"]) == (8, 6, 2, 0)
    assert {each["peer"] for each in after["connections"]} == {"client-0"}
    assert look("web-0")["half_open"] + look("web-1")["half_open"] == 2
    assert look("web-0")["half_open"] >= 1
    assert 0 < after["idle_longest_s"] < 60
    idle_s = look("web")["idle_longest_s"]
    assert eventually(lambda: look("web")["idle_longest_s"] > idle_s)


@pytest.mark.lab
@pytest.mark.parametrize(
    ("instance", "sides", "half", "gone"), [("client-1", "both", 0, 2), ("client-2", "client", 2, 0)]
)
def test_a_reset_of_both_ends_leaves_none_and_one_that_tells_the_client_alone_does(
    target: LocalTarget, tmp_path: Path, instance: str, sides: str, half: int, gone: int
) -> None:
    """So the count shows what a server is left with; it is looked at while the fault is on."""
    engine = FaultEngine(target, FaultLedger(tmp_path / "faults.jsonl"))
    session = Session(tmp_path, target, "lab", engine, ProcessFaults(target))
    before = half_open("web", PORT, configuration={"chaosproof_session": session})
    receipt = engine.apply(Fault(kind="reset", port=PORT, duration_s=10, sides=sides), instance)
    after = half_open("web", PORT, under="reset", configuration={"chaosproof_session": session})
    engine.heal(instance)
    assert engine.wait_until_ended(receipt).ended_by == "heal"
    assert sum(each["peer"] == instance for each in after["connections"]) == half
    assert before["established"] - after["established"] == gone


@pytest.mark.lab
def test_a_caller_that_is_no_instance_is_unknown(target: LocalTarget, tmp_path: Path) -> None:
    """A job beside the services has a connection, and no instance's kernel knows of it."""
    argv = ["python3", "-c", CLIENT.replace("pause()", "sigtimedwait([signal.SIGTERM], 60)")]
    target.start_job("caller", argv, env={}, out_dir=tmp_path)
    assert eventually(
        lambda: half_open("web-0", PORT, configuration=configured(target))["unknown"] >= 1, within_s=10
    )
    answer = half_open("web", PORT, configuration=configured(target))
    target.stop_job("caller")
    assert (answer["half_open"], answer["unknown"]) == (None, 2)
    strangers = [each for each in answer["connections"] if each["other_end"] == "unknown"]
    assert [each["peer"] for each in strangers] == [None, None]
