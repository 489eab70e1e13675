"""From what was measured to the numbers of an experiment: how much load, how long the fault, what to claim. Pure."""

import math
from dataclasses import dataclass

__all__ = ["UNMEASURED", "Measured", "Sizes", "sizes_of"]

_NICE = (1, 2, 3, 5, 10)
# a SYN that was lost is sent again after a second, as any busy server may have it
_TIMEOUT_LEAST_S, _TIMEOUT_MAX_S = 2.0, 30.0
# what is quicker than this no person calls slow, whatever is usual
_NOTICED_MS = 500.0
_FAULT_MAX_S = 60.0
_DELAY_MAX_MS = 30_000.0


@dataclass(frozen=True)
class Measured:
    """What a short load saw: how many requests, how many of them failed, and how long they took."""

    requests: int
    errors: int
    p50_ms: float
    p99_ms: float

    @property
    def error_ratio(self) -> float:
        return self.errors / self.requests if self.requests else 0.0


@dataclass(frozen=True)
class Sizes:
    """The variables of an experiment, with their units, and `why` they are what they are."""

    rate_rps: float
    connections: int
    timeout_s: float
    warmup_s: float
    duration_s: float
    fault_at_s: float
    fault_s: float
    delay_ms: float
    latency_limit_ms: float
    tolerated_error_ratio: float
    back_within_s: float
    why: str


UNMEASURED = Measured(0, 0, 20.0, 100.0)
"""What is taken where nothing was run."""


def sizes_of(measured: Measured) -> Sizes:
    """Half of what a single connection was served in sequence is no strain for a system, and enough to see a fault by.

    A request is given ten times what the slowest hundredth took; a fault lasts for four such waits, so that whoever
    waits for the first is seen to wait again. After it comes time to see the errors end.
    """
    p50_ms, p99_ms = max(measured.p50_ms, 0.1), max(measured.p99_ms, 0.1)
    rate_rps = _nice_down(min(100.0, max(5.0, 500.0 / p50_ms)))
    timeout_s = min(_TIMEOUT_MAX_S, _nice_up(max(_TIMEOUT_LEAST_S, 10 * p99_ms / 1000)))
    fault_s = min(_FAULT_MAX_S, max(8.0, 4 * timeout_s))
    fault_at_s = 8.0
    return Sizes(
        rate_rps=rate_rps,
        # as many as wait at once where nothing is answered before its time is over
        connections=int(min(100, max(10, math.ceil(rate_rps * timeout_s)))),
        timeout_s=timeout_s,
        warmup_s=4.0,
        duration_s=fault_at_s + fault_s + 12.0,
        fault_at_s=fault_at_s,
        fault_s=fault_s,
        delay_ms=min(_DELAY_MAX_MS, _nice_up(max(50.0, 10 * p99_ms))),
        latency_limit_ms=min(1000 * timeout_s, _nice_up(max(_NOTICED_MS, 10 * p99_ms))),
        tolerated_error_ratio=0.01,
        back_within_s=2.0,
        why=_why(measured),
    )


def _why(measured: Measured) -> str:
    if not measured.requests:
        return "sizes are defaults, for nothing was measured"
    return (
        f"sizes follow from a load of {measured.requests} requests, of which 50 % were answered within "
        f"{measured.p50_ms:.3g} ms and 99 % within {measured.p99_ms:.3g} ms"
    )


def _nice_up(value: float) -> float:
    """The next number upwards of 1, 2, 3, 5, 10, 20, ..."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in _NICE if step * power >= value * (1 - 1e-9))


def _nice_down(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in reversed(_NICE) if step * power <= value * (1 + 1e-9))
