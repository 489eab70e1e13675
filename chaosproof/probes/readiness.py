"""Questions about readiness: how many instances get new connections, and how long one takes to come back."""

import time
from typing import Any

from chaoslib.types import Configuration

from chaosproof.errors import ChaosproofError
from chaosproof.runner.settings import seconds
from chaosproof.toolkit.current import session_of

__all__ = ["ready_instances", "wait_until_ready"]

_POLL_S = 0.05


def ready_instances(service: str, configuration: Configuration = None) -> int:
    """How many instances of `service` are ready now. Raises `TargetError` for an unknown service."""
    target = session_of(configuration).target
    states = target.states()
    return sum(states[instance.name].ready for instance in target.instances(service))


def wait_until_ready(
    instance: str, timeout_s: float = 10, configuration: Configuration = None
) -> dict[str, Any]:
    """Wait until `instance` is ready; returns `waited_s`. Raises `ChaosproofError` after `timeout_s`
    seconds.
    """
    target = session_of(configuration).target
    target.instance(instance)
    limit_s = seconds("timeout_s", timeout_s)
    begun = time.monotonic()
    while not target.states()[instance].ready:
        if time.monotonic() - begun > limit_s:
            raise ChaosproofError(f"{instance} was not ready again within {limit_s:g} s.")
        time.sleep(_POLL_S)
    return {"instance": instance, "waited_s": round(time.monotonic() - begun, 3)}
