"""When requests are due: a pure function of the rate's course over time, and of a seed.

A course is a sequence of stages, each a straight line from one rate to another. With A(t) the number of
requests expected until t, request n is due at the inverse of A at n (constant arrivals), or at the sum of n
+ 1 unit exponentials (Poisson arrivals, by time change of a unit-rate process). Steps, ramps and plain
rates are the same case.
"""

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Stage", "due_offsets", "expected_requests"]


@dataclass(frozen=True, slots=True)
class Stage:
    """`duration_s` seconds during which the rate goes in a straight line from one value to another."""

    from_rps: float
    to_rps: float
    duration_s: float

    @property
    def requests(self) -> float:
        return (self.from_rps + self.to_rps) / 2 * self.duration_s

    def reaches(self, requests: float) -> float:
        """The second of this stage at which `requests` are expected to have been due.

        Solves from*t + slope*t^2/2 = requests in the form that loses no digits when the slope is small.
        """
        slope = (self.to_rps - self.from_rps) / self.duration_s
        root = math.sqrt(max(0.0, self.from_rps * self.from_rps + 2 * slope * requests))
        divisor = self.from_rps + root
        return 2 * requests / divisor if divisor else 0.0


def expected_requests(stages: Sequence[Stage]) -> float:
    """How many requests the course asks for in all."""
    return math.fsum(stage.requests for stage in stages)


def due_offsets(stages: Sequence[Stage], arrivals: str = "constant", seed: int = 0) -> Iterator[float]:
    """Seconds after the start at which each request is due, in order; equal arguments give equal instants."""
    draw = random.Random(seed).expovariate
    exponentials = (draw(1.0) for _ in itertools.count())
    counts = itertools.accumulate(exponentials) if arrivals == "poisson" else itertools.count()
    count = next(counts)
    before_s = 0.0
    before = 0.0
    for stage in stages:
        # Half a millionth of a request, so that 0.1 * 30 rounded up does not make a fourth request of three.
        until = before + stage.requests - 5e-7
        while count < until:
            yield before_s + stage.reaches(count - before)
            count = next(counts)
        before += stage.requests
        before_s += stage.duration_s
