"""Actions on a service that can disturb itself: slower work, failing calls. The demo's app-b can.

The disturbance begins in the method, so that there is a steady state before it, and ends by the service's own clock,
whatever becomes of the run. See `chaosproof.demo.plugin.disturbance` for what a service of one's own must answer.
"""

from typing import Any

from chaoslib.types import Configuration

from chaosproof.demo.plugin import disturbance
from chaosproof.demo.plugin.answers import answers_since
from chaosproof.errors import UsageError
from chaosproof.runner.load.job import load_clock_s
from chaosproof.runner.settings import count, number, seconds
from chaosproof.toolkit.current import has_begun, session_of

__all__ = ["disturb", "settle", "wait_until_ended"]


def disturb(
    service: str,
    delay_ms: float = 0,
    fail_rate: float = 0,
    duration_s: float = 60,
    at_s: float = -1,
    configuration: Configuration = None,
) -> dict[str, Any]:
    """Make all instances of `service` work `delay_ms` ms for each call and fail a share `fail_rate` of the calls.

    For `duration_s` seconds; what is 0 stays as it is. With `at_s` of 0 or more it begins when the measured load is
    that many seconds old. Returns what each instance answered. Raises `UsageError` for a value out of range,
    `ChaosproofError` when an instance refuses; none is disturbed then.
    """
    settings: dict[str, float] = {"duration_s": seconds("duration_s", duration_s)}
    if delay := count("delay_ms", delay_ms, least=0, most=60_000):
        settings["B_DELAY_MS"] = delay
    if rate := number("fail_rate", fail_rate):
        if not 0 < rate <= 1:
            raise UsageError(f"fail_rate must be between 0 and 1, not {fail_rate!r}.")
        settings["FAIL_RATE"] = rate
    if len(settings) == 1:
        raise UsageError("There is nothing to disturb: give delay_ms, fail_rate or both.")
    starts_at_s = number("at_s", at_s)
    session = session_of(configuration)
    if starts_at_s >= 0:
        load_clock_s(session.target, session.folder, starts_at_s)
    return {**settings, "instances": disturbance.begin(session.target, service, settings)}


def wait_until_ended(service: str, configuration: Configuration = None) -> dict[str, Any]:
    """Hold until `service` is itself again, and return what it met while it was disturbed, by its own account.

    `received`, `rejected`, `abandoned`, `repeated`, `executed` (calls), `busy_s`, `busiest_ratio`; and `requests` of
    the measured load meanwhile, with `error_ratio` and `calls_per_request`. Raises `ChaosproofError` when the
    disturbance was not on for its whole time, or no call met it.
    """
    session = session_of(configuration)
    receipt = disturbance.receipt_when_ended(session.target, service)
    requests, errors = answers_since(session.folder, receipt["began_at"])
    ratios = {"error_ratio": errors, "calls_per_request": receipt["received"]}
    return {
        **receipt,
        "requests": requests,
        **{name: times / requests if requests else None for name, times in ratios.items()},
    }


def settle(service: str, configuration: Configuration = None) -> dict[str, Any]:
    """End the disturbance of `service` now; harmless when nothing is on, and when there was no run."""
    if configuration and not has_begun(configuration):
        return {"instances": {}}
    return {"instances": disturbance.end(session_of(configuration).target, service)}
