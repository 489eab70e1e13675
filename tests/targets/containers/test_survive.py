"""A fault by hand ends on time though those around it are killed; the bench of this name kills engines as well."""

import pytest

from bench.containers.survive import LATE_S, measure
from chaosproof.targets.containers.engine.client import EngineClient

pytestmark = pytest.mark.containers


@pytest.mark.parametrize("victim", ["inject", "keeper"])
def test_traffic_is_whole_on_time_after_a_kill(client: EngineClient, victim: str):
    """The kernel ends it. Docker's containerd ends a container whose shim is killed, and then there is no traffic."""
    times = measure(victim)
    if times is None:
        assert (client.kind, victim) == ("docker", "keeper")
        return
    late_s, paused_s = times
    assert late_s <= LATE_S and paused_s >= 3.5
