"""Who spoke with an instance, asked of real kernels: what is used is told from what is only looked after."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosproof.faults.peers import read_sockets, spoke_with, with_later
from chaosproof.faults.process import ProcessFaults
from chaosproof.runfolder.faults import FaultLedger
from chaosproof.targets.base import Target
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
        ("10.9.0.3", 1.0),
        ("10.9.0.3", 60.0),
        ("10.9.0.4", 0.09),
        ("10.9.0.5", 0.007),
        ("fe80::2", 2.0),
    ]


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
