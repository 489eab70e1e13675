"""Disturbances that a service puts on itself when asked over HTTP (`/disturb`), and that end by its own clock.

For what no network or process fault can do: make every answer slower, or a share of them wrong.

The service's side of it: PUT with `duration_s` and what the service calls its settings, GET and DELETE, each answering
`{"on", "disturbance", "began_at", "lasted_s", "ended_by", "account": {"received", ...}}`.
"""

import contextlib
import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chaosproof.demo.plugin.instance_http import ask_http
from chaosproof.errors import ChaosproofError
from chaosproof.targets import Instance, Target

__all__ = ["begin", "end", "receipt_when_ended"]

_POLL_S = 0.1
# Its timer and ours are two, and the machine may be busy.
_EARLY_S, _LATE_S = 0.05, 5.0

States = dict[str, dict[str, Any]]


def begin(target: Target, service: str, settings: Mapping[str, float]) -> States:
    """Put the disturbance `settings` on all instances of `service` at once; returns what each of them answered.

    Raises `ChaosproofError` when one refuses or does not answer; then none is left disturbed.
    """
    instances = target.instances(service)
    try:
        return _each(instances, lambda instance: _ask(target, instance, "PUT", json.dumps(settings)))
    except ChaosproofError:
        # Why it was refused is what the reader needs, not that there was nothing to end.
        with contextlib.suppress(ChaosproofError):
            end(target, service)
        raise


def end(target: Target, service: str) -> States:
    """End it on all instances of `service` that live. Harmless when nothing is on; returns what each answered."""
    states = target.states()
    alive = [instance for instance in target.instances(service) if states[instance.name].alive]
    return _each(alive, lambda instance: _ask(target, instance, "DELETE"))


def receipt_when_ended(target: Target, service: str) -> dict[str, Any]:
    """Wait until the disturbance is over on all instances of `service`, and return what they have met of it.

    The sums of their accounts, `busiest_ratio` (the share of the time that the busiest of them worked), `began_at` of
    the first, `lasted_s` of the shortest, and `instances` with the answer of each. Raises `ChaosproofError` when one
    was not disturbed for as long as it was to be, and when no call met the disturbance: then it did not happen.
    """
    instances = target.instances(service)
    states = _each(instances, lambda instance: _when_ended(target, instance))
    accounts = [state["account"] for state in states.values()]
    total = {name: round(sum(account[name] for account in accounts), 6) for name in accounts[0]}
    if not total["received"]:
        raise ChaosproofError(f"No call reached {service} while it was disturbed, so nothing was tried.")
    return {
        **total,
        "busiest_ratio": max(state["account"]["busy_s"] / state["lasted_s"] for state in states.values()),
        "began_at": min(state["began_at"] for state in states.values()),
        "lasted_s": min(state["lasted_s"] for state in states.values()),
        "instances": states,
    }


def _when_ended(target: Target, instance: Instance) -> dict[str, Any]:
    state = _ask(target, instance, "GET")
    if state["disturbance"] is None:
        raise ChaosproofError(
            f"{instance.name} knows of no disturbance: it was never on, or it was restarted."
        )
    duration_s = float(state["disturbance"]["duration_s"])
    given_up_at = time.monotonic() + duration_s + _LATE_S
    while state["on"]:
        if time.monotonic() > given_up_at:
            raise ChaosproofError(
                f"{instance.name} is still disturbed, {_LATE_S:g} s after it should not be."
            )
        time.sleep(min(_POLL_S, max(0.0, duration_s - float(state["lasted_s"]))))
        state = _ask(target, instance, "GET")
    if state["lasted_s"] < duration_s - _EARLY_S:
        raise ChaosproofError(
            f"{instance.name} was disturbed for {state['lasted_s']:.2f} s of {duration_s:g} s: somebody ended it."
        )
    return state


def _ask(target: Target, instance: Instance, method: str, body: str = "") -> dict[str, Any]:
    status, content = ask_http(target, instance, method, "/disturb", body)
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if status == 200 and isinstance(answer, dict) and "on" in answer:
        return answer
    why = answer["error"] if isinstance(answer, dict) and "error" in answer else content.strip()[:200]
    raise ChaosproofError(f"{instance.name} answered {status} to {method} /disturb {body}: {why}")


def _each(
    instances: tuple[Instance, ...] | list[Instance], ask: Callable[[Instance], dict[str, Any]]
) -> States:
    if not instances:
        return {}
    with ThreadPoolExecutor(len(instances)) as pool:
        return dict(zip([instance.name for instance in instances], pool.map(ask, instances), strict=True))
