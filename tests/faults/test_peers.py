"""Who spoke with an instance, asked of real kernels: what is used is told from what is only looked after."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from chaosproof.faults.model import Fault
from chaosproof.faults.peers import read_sockets, spoke_with, with_later
from chaosproof.faults.process import ProcessFaults
from chaosproof.runfolder.faults import FaultLedger
from chaosproof.targets.base import Instance, Target
from tests.support.fake_target import FakeTarget
from tests.support.small_lab import running_lab
from tests.support.waiting import eventually

# a server that is called, and one that is only asked for its health
SYSTEM = """\
services:
  used: &server
    command: [python, -m, http.server, "8000"]
    replicas: 1
    ports: {http: 8000}
    healthcheck: {tcp: http, interval_s: 0.05, timeout_s: 10}
  unused:
    <<: *server
    replicas: 2
  client:
    command:
      - python
      - -c
      - |
        import contextlib, socket, time
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("used", 8000), 5) as asking:
                asking.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
                while asking.recv(65536):  # to its end: so the server closes first
                    pass
            time.sleep(0.1)
"""
LISTING = """\
TIME-WAIT 0      0      10.9.0.2:8000 10.9.0.3:47934 timer:(timewait,59sec,0)
TIME-WAIT 0      0      10.9.0.2:8000 10.9.0.3:47935 timer:(timewait,120ms,0)
ESTAB     0      0      10.9.0.2:8000 10.9.0.4:4321 timer:(keepalive,1min,0) cubic lastsnd:90 lastrcv:1500
ESTAB     0      0      [::ffff:10.9.0.2]:8000 [::ffff:10.9.0.5]:51 cubic lastsnd:7 lastrcv:7
ESTAB     0      0      [fe80::1]%eth0:8000 [fe80::2]:51 cubic lastsnd:2000
SYN-SENT  0      1      10.9.0.2:80 10.9.0.6:51 timer:(on,1sec,0)
"""


def test_what_ss_lists_is_read_as_addresses_and_idle_times() -> None:
    assert list(read_sockets(LISTING)) == [
        (8000, "10.9.0.3", 1.0),
        (8000, "10.9.0.3", 60.0),
        (8000, "10.9.0.4", 0.09),
        (8000, "10.9.0.5", 0.007),
        (8000, "fe80::2", 2.0),
    ]


class _Neighbourhood(FakeTarget):
    """A server, and who else is there: one at 10.9.0.3 calls it, one at 10.9.0.4 has another connection to it."""

    def __init__(self, *others: Instance, metrics_port: int | None = None) -> None:
        server = Instance("server-0", "server", "10.9.0.2", ports={"rpc": 8000}, metrics_port=metrics_port)
        super().__init__([server, *others])
        listing = (
            "ESTAB 0 0 10.9.0.2:8000 10.9.0.3:47934 cubic lastsnd:250 lastrcv:500\n"
            "ESTAB 0 0 10.9.0.2:9102 10.9.0.4:47935 cubic lastsnd:250 lastrcv:500\n"
        )
        self.answer(["ss"], listing)

    def neighbours(self) -> Mapping[str, str]:
        return {"10.9.0.3": "caller-x7", "10.9.0.4": "looker-on-k2"}


@pytest.mark.parametrize(
    ("target", "served_port", "spoke"),
    [
        (_Neighbourhood(), 8000, {"caller-x7": 999.75}),
        (_Neighbourhood(), 9102, {"looker-on-k2": 999.75}),
        (_Neighbourhood(), 8001, {}),
        (_Neighbourhood(), None, {}),
        (_Neighbourhood(metrics_port=8000), 8000, {}),
        (_Neighbourhood(Instance("caller-0", "caller", "10.9.0.3")), 8000, {"caller-0": 999.75}),
    ],
    ids=["its port", "its other port", "no such port", "a fault on no port", "scraped there", "an instance"],
)
def test_a_neighbour_counts_at_the_fault_s_port_alone(
    target: Target, served_port: int | None, spoke: Mapping[str, float]
) -> None:
    assert spoke_with(target, "server-0", lambda: 1000.0, served_port=served_port) == spoke


def test_a_target_that_knows_no_neighbours_has_only_instances() -> None:
    target = FakeTarget([Instance("server-0", "server", "10.9.0.2")])
    target.answer(["ss"], "ESTAB 0 0 10.9.0.2:8000 10.9.0.3:47934 cubic lastsnd:250 lastrcv:500\n")
    assert spoke_with(target, "server-0", lambda: 1000.0, served_port=8000) == {}


@pytest.mark.parametrize(
    ("fault", "port"),
    [
        (Fault(kind="reset", duration_s=1, port=8000, direction="ingress"), 8000),
        (Fault(kind="drop", duration_s=1, port=8000, port_side="source"), 8000),
        (Fault(kind="drop", duration_s=1, port=8000, direction="ingress", protocol="udp"), None),
        (Fault(kind="drop", duration_s=1, port=8000, direction="ingress", peer="10.9.0.9"), None),
        (Fault(kind="drop", duration_s=1, port=8000, direction="ingress", port_side="source"), None),
        (Fault(kind="reset", duration_s=1, port=8000), None),
    ],
    ids=["requests", "answers", "UDP", "a peer", "answers to it", "its calls"],
)
def test_the_served_port_is_that_of_a_fault_on_callers(fault: Fault, port: int | None) -> None:
    assert fault.served_port == port


def test_two_looks_are_one_and_a_look_that_failed_takes_nothing_away() -> None:
    assert with_later({"a-0": 1.0, "b": 5.0}, {"a-0": 3.0}) == {"a-0": 3.0, "b": 5.0}
    assert with_later(None, {"a-0": 3.0}) == with_later({"a-0": 3.0}, None) == {"a-0": 3.0}
    assert with_later(None, None) is None


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with running_lab(tmp_path_factory.mktemp("peers"), SYSTEM) as lab:
        yield lab.target


@pytest.mark.lab
def test_an_instance_that_is_called_is_told_from_one_that_only_health_checks_reach(target: Target) -> None:
    began_at = time.time()
    assert eventually(lambda: (spoke_with(target, "used-0") or {}).get("client-0", 0.0) > began_at)
    assert spoke_with(target, "unused-0") == {}


@pytest.mark.lab
def test_what_only_the_other_sides_kernel_knows_is_asked_there(target: Target) -> None:
    """The server closes first, so the client is left with nothing, and not even with the service's address."""
    asked_at = time.time()
    assert eventually(lambda: (spoke_with(target, "client-0") or {}).get("used-0", 0.0) > asked_at)


@pytest.mark.lab
def test_a_fault_on_a_process_has_in_its_row_who_spoke_with_it(target: Target, tmp_path: Path) -> None:
    ledger = FaultLedger(tmp_path / "faults.jsonl")
    faults = ProcessFaults(target, ledger)
    faults.pause("unused-0", 0.2)
    faults.wait_until_ended()
    (record,) = FaultLedger(ledger.path).records()
    assert record.spoke_with == {}
