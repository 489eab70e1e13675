"""The activities of the router stack, as far as no system is needed for them."""

import pytest

import chaosproof.actions.nats
import chaosproof.actions.router
import chaosproof.probes.resources
import chaosproof.probes.router
from chaosproof.actions.router import _stages
from chaosproof.errors import UsageError


@pytest.mark.parametrize("stages", ["", "100", "100:0", "0:5", "a:b", "100:5 -1:3"])
def test_stages_that_are_none_are_refused(stages):
    with pytest.raises(UsageError):
        _stages(stages)


def test_stages_are_pairs_of_rate_and_seconds():
    assert _stages("200:5 2000:0.5") == [(200.0, 5.0), (2000.0, 0.5)]


@pytest.mark.parametrize(
    "module",
    [
        chaosproof.actions.nats,
        chaosproof.actions.router,
        chaosproof.probes.router,
        chaosproof.probes.resources,
    ],
)
def test_every_action_and_probe_is_documented(module):
    assert [name for name in module.__all__ if not (getattr(module, name).__doc__ or "").strip()] == []
