"""The probes of faults, in a real lab: what they measure when there is none, when there is one, and when it is over."""

from collections.abc import Iterator
from typing import Any

import pytest
from chaoslib.types import Configuration

from chaosproof.actions import network
from chaosproof.errors import ChaosproofError, TargetError, UsageError
from chaosproof.probes import fault
from chaosproof.runner.lifecycle import begin
from chaosproof.targets.local.control_client import take_down
from chaosproof.toolkit.current import keep_session, session_of
from tests.support.chaos import REPOSITORY

pytestmark = pytest.mark.lab

PORT = 7000
UNFAITHFUL_PORT = 7001
# of every four datagrams: one is answered twice, one never, one after the next one, and that one as it should be
UNFAITHFUL_ECHO = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[1])))
held = []
while True:
    data, sender = s.recvfrom(2048)
    turn = int(data.split()[0]) % 4
    if turn == 2:
        held.append(data)
    elif turn != 1:
        for answer in (data, data) if turn == 0 else (data, *held):
            s.sendto(answer, sender)
        held.clear()
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Configuration]:
    """The configuration of a run that has begun, on the catalogue's own system."""
    configuration: dict[str, Any] = {
        "mode": "resilient",
        "target": "local",
        "system": str(REPOSITORY / "chaosproof" / "demo" / "catalogue" / "system.yaml"),
        "journals": str(tmp_path_factory.mktemp("probes") / "journals"),
    }
    claim = {"id": "P1", "claim": "few fail", "figure": "load.error_ratio", "at_most": 0.5}
    content = {"extensions": [{"name": "chaosproof", "experiment": "probes", "checks": [claim]}]}
    keep_session(begin(content, configuration), configuration)
    yield configuration
    take_down(session_of(configuration).lab)


@pytest.fixture
def run(lab: Configuration) -> Iterator[Configuration]:
    yield lab
    network.heal(configuration=lab)


def test_with_no_fault_on_everything_is_answered(run: Configuration):
    assert fault.connect("client-0", "web", PORT, configuration=run)["outcome"] == "open"
    trips = fault.round_trips("client-0", "web-1", PORT, count=50, configuration=run)
    assert (trips["sent"], trips["answered"], trips["doubled_percent"]) == (50, 50, 0)
    assert 0 < trips["median_ms"] <= trips["max_ms"]
    flood = fault.throughput("client-0", "web", PORT, kbytes=500, configuration=run)
    assert flood["bytes_back"] == 500_000
    assert flood["kbit_per_s"] == pytest.approx(500 * 8 / flood["took_s"], rel=0.01)


def test_what_is_lost_doubled_and_overtaken_is_counted_apart(run: Configuration):
    target = session_of(run).target
    argv = ["python", "-I", "-S", "-c", UNFAITHFUL_ECHO, str(UNFAITHFUL_PORT)]
    target.start_job("unfaithful-echo", argv, env={}, out_dir=session_of(run).folder)
    route = target.run("client-0", ["ip", "route", "show", "default"]).stdout.split()
    beside_the_services = route[route.index("via") + 1]

    def ask(count: int) -> dict[str, Any]:
        return fault.round_trips("client-0", beside_the_services, UNFAITHFUL_PORT, count, configuration=run)

    while not ask(1)["answered"]:
        assert target.job("unfaithful-echo").running, target.job("unfaithful-echo").stderr_tail
    trips = ask(100)
    target.stop_job("unfaithful-echo")
    assert (trips["sent"], trips["answered"]) == (100, 75)
    assert (trips["lost_percent"], trips["doubled_percent"], trips["overtaken_percent"]) == (25, 25, 25)


def test_a_closed_port_refuses(run: Configuration):
    refused = fault.connect("client-0", "web-0", PORT + 1, configuration=run)
    assert (refused["outcome"], refused["step"]) == ("refused", "connect")
    assert fault.throughput("client-0", "web-0", PORT + 1, configuration=run)["bytes_back"] == 0
    assert fault.round_trips("client-0", "web-0", PORT + 1, count=5, configuration=run)["answered"] == 0


def test_a_measurement_under_a_fault_counts_only_while_that_fault_is_on(run: Configuration):
    network.drop("client-0", PORT, duration_s=20, configuration=run)
    seen = fault.connect("client-0", "web", PORT, timeout_s=0.1, under="drop", configuration=run)
    assert (seen["outcome"], seen["step"]) == ("timeout", "connect")
    with pytest.raises(ChaosproofError, match="No reset is on before this measurement"):
        fault.connect("client-0", "web", PORT, under="reset", configuration=run)
    network.heal(configuration=run)
    with pytest.raises(ChaosproofError, match="No drop is on before this measurement"):
        fault.connect("client-0", "web", PORT, under="drop", configuration=run)


def test_a_measurement_that_outlasts_its_fault_does_not_count(run: Configuration):
    network.drop("client-0", PORT, duration_s=0.3, configuration=run)
    with pytest.raises(ChaosproofError, match="No drop is on"):
        fault.round_trips("client-1", "web", PORT, count=5, timeout_s=0.5, under="drop", configuration=run)


def test_what_a_program_takes_is_counted_by_its_name(run: Configuration):
    assert fault.taken("web-0", "no-such-program", for_s=0.05, configuration=run) == {
        "instance": "web-0",
        "program": "no-such-program",
        "for_s": 0.05,
        "under": "",
        "processes": 0,
        "cpus": 0,
        "memory_mb": 0,
    }
    pythons = fault.taken("web-0", "python", for_s=0.05, configuration=run)
    assert pythons["processes"] >= 4
    assert pythons["memory_mb"] > 4


def test_the_target_and_the_log_are_asked_by_name(run: Configuration):
    assert fault.state("web-0", configuration=run)["ready"] is True
    assert fault.log_mentions("web-0", "listening", configuration=run)["times"] == 1
    assert fault.log_mentions("web-0", "never said", configuration=run) == {
        "instance": "web-0",
        "text": "never said",
        "times": 0,
        "last": None,
    }


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda run: fault.connect("web-9", "web", PORT, configuration=run), TargetError, "web-9"),
        (
            lambda run: fault.connect("web-0", "nobody", PORT, configuration=run),
            ChaosproofError,
            "from web-0 towards nobody failed",
        ),
        (lambda run: fault.connect("web-0", "web", 0, configuration=run), UsageError, "port must be"),
        (
            lambda run: fault.round_trips("web-0", "web", PORT, interval_ms=0, configuration=run),
            UsageError,
            "interval_ms must be above 0",
        ),
        (
            lambda run: fault.round_trips("web-0", "web", PORT, 1000, interval_ms=100, configuration=run),
            UsageError,
            "take 100 s: at most 60",
        ),
        (lambda run: fault.taken("web-0", "", configuration=run), UsageError, "program is empty"),
        (lambda run: fault.log_mentions("web-0", "", configuration=run), UsageError, "text is empty"),
        (lambda run: fault.state("web-9", configuration=run), TargetError, "no instance 'web-9'"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(run: Configuration, call, error, sentence):
    with pytest.raises(error, match=sentence):
        call(run)
