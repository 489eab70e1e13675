"""Actions and probes of the router stack, on a real one in a lab."""

import os
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from chaosproof.actions import nats
from chaosproof.actions.router import conform
from chaosproof.errors import ChaosproofError
from chaosproof.faults.errors import FaultRefused
from chaosproof.probes import resources, router
from chaosproof.targets.local.control_client import take_down
from chaosproof.targets.local.launcher import launch_lab
from chaosproof.targets.local.target import LocalTarget
from chaosproof.targets.system.system_file import load_system
from tests.support.router_stack import ROOT, eventually

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def configuration() -> Iterator[dict[str, Any]]:
    """The configuration of an activity on a lab that is up, with a gateway timeout of a second."""
    system = load_system(ROOT / "chaosproof/demo/router/system.yaml", "resilient", "r2")
    lab = launch_lab(system, name=f"router-tests-{os.getpid()}")
    try:
        yield {"lab": lab.name, "allow_all": True}
    finally:
        take_down(lab.name)


@pytest.fixture(autouse=True)
def whole(configuration):
    """Every test begins with a system that answers."""
    assert eventually(lambda: router.ask(configuration=configuration) == "ok", within_s=10)


def test_a_stopped_server_is_away_until_it_is_started(configuration):
    row = nats.stop(configuration=configuration)
    assert (row["kind"], row["instance"], row["error"]) == ("terminate", "nats-0", None)
    assert router.ask(configuration=configuration) == "nats_unreachable"
    assert nats.start(configuration=configuration)["kind"] == "restart"
    assert eventually(lambda: router.ask(configuration=configuration) == "ok", within_s=5)
    assert nats.start(configuration=configuration) == {"instance": "nats-0", "started": False}


def test_a_killed_server_is_healed(configuration):
    nats.kill(configuration=configuration)
    assert nats.heal(configuration=configuration) == {"healed": 0, "started": True}
    assert nats.heal(configuration=configuration) == {"healed": 0, "started": False}


@pytest.mark.parametrize(("hard", "kinds"), [(False, ["restart"]), (True, ["kill", "restart"])])
def test_a_restart_returns_when_the_server_is_back(configuration, hard, kinds):
    rows = nats.restart(hard=hard, configuration=configuration)
    assert [row["kind"] for row in rows] == kinds
    target = LocalTarget(configuration["lab"])
    assert target.states()["nats-0"].ready


def test_the_only_server_is_left_alone_unless_that_is_allowed(configuration):
    with pytest.raises(FaultRefused, match="would leave no instance of nats whole"):
        nats.kill(configuration={**configuration, "allow_all": False})
    assert LocalTarget(configuration["lab"]).states()["nats-0"].alive


def test_a_partition_is_silent_and_ends_by_itself(configuration):
    rows = nats.partition("router", duration_s=6, configuration=configuration)
    assert {row["kind"] for row in rows} == {"drop"}
    begun = time.monotonic()
    assert router.ask(configuration=configuration) == "timeout"
    assert time.monotonic() - begun >= 1.0
    assert eventually(lambda: router.ask(configuration=configuration) == "ok", within_s=15)


def test_a_slow_consumer_is_cut_off_by_the_server_and_comes_back(configuration):
    target = LocalTarget(configuration["lab"])
    row = nats.slow_consumer(rate_kbit=64, duration_s=40, configuration=configuration)
    assert row["kind"] == "rate"
    large = '{"type": "text.generate", "payload": {"text": "%s"}}' % ("x" * 60_000)
    ask = ["python", "-m", "chaosproof.demo.router.client", "load", "-s", "/run/gateway.sock"]

    parts = count()

    def is_cut_off() -> bool:
        """Sends 6 MB more, of which a gateway on a busy machine refuses a part: NATS has to have more than fits."""
        out = f"/run/slow-{row['id']}-{next(parts)}"
        sent = target.run(
            "gateway-0", [*ask, "--stage", "100:1", "--out", out, "--task", large], timeout_s=20
        )
        assert sent.exit_code == 0
        return eventually(lambda: "Slow Consumer" in target.logs("nats-0"), within_s=5)

    assert eventually(is_cut_off, within_s=25), target.logs("nats-0")
    assert eventually(lambda: router.ask(configuration=configuration) == "ok", within_s=15)


def test_what_the_gateway_answered_is_counted_by_code(configuration):
    before = router.answers(configuration=configuration)
    router.ask(configuration=configuration)
    after = router.answers(configuration=configuration)
    assert after["ok"] == before["ok"] + 1
    assert router.metric("gateway_pending", configuration=configuration) == 0
    with pytest.raises(ChaosproofError, match="gateway-0 has no metric 'no_such'"):
        router.metric("no_such", configuration=configuration)


def test_what_the_programs_hold_is_measured(configuration):
    level = resources.measure("gateway-0", over_s=0.5, settle_s=3, configuration=configuration)
    assert 10_000_000 < level["rss_bytes"] < 60_000_000
    assert level["fds"] > level["sockets"] > 0
    assert (level["pending"], level["connections"]) == (0, 0)
    server = resources.measure("nats-0", over_s=0.2, settle_s=0, configuration=configuration)
    assert server["rss_bytes"] > 5_000_000
    assert server["pending"] is None


def test_what_needs_a_run_says_so(configuration):
    with pytest.raises(ChaosproofError, match="There is no run folder"):
        router.ledger(configuration=configuration)
    with pytest.raises(ChaosproofError, match="There is no run folder"):
        conform(configuration=configuration)
