"""A figure and the 95 % interval around it, and the arithmetic of such intervals.

Sources: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), for
a share; R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in
Medicine 17 (1998), and G. Y. Zou and A. Donner, the same journal 27 (2008), for differences and means of
independent figures whose intervals are known and need not be symmetric; T. C. Hesterberg, "What teachers should know
about the bootstrap", The American Statistician 69 (2015), for the share of draws to keep when there is little to draw
from.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

__all__ = [
    "CONFIDENCE",
    "Interval",
    "difference_of",
    "expanded_share",
    "hull",
    "mean_of",
    "student_interval",
    "wilson",
]

CONFIDENCE = 0.95
_Z = 1.959963984540054
_STUDENT = (math.inf, 12.706205, 4.302653, 3.182446, 2.776445)


@dataclass(frozen=True)
class Interval:
    """`low` to `high` holds the true value in 95 of 100 cases; `method` says in words what was varied."""

    value: float
    low: float
    high: float
    method: str = ""

    def as_json(self) -> dict[str, Any]:
        """An end without a bound is null: infinity is no JSON number."""
        return {
            "value": _finite(self.value),
            "low": _finite(self.low),
            "high": _finite(self.high),
            "confidence": CONFIDENCE,
            "method": self.method,
        }


def wilson(times: float, of: float) -> tuple[float, float]:
    """The share `times / of`, from at least to at most: sensible for 0 of 100 and for 100 of 100, too."""
    if of <= 0:
        return 0.0, 1.0
    share = min(1.0, max(0.0, times / of))
    middle = share + _Z * _Z / (2 * of)
    half = _Z * math.sqrt(share * (1 - share) / of + _Z * _Z / (4 * of * of))
    scale = 1 + _Z * _Z / of
    # at its ends the formula is exact, and its rounding is not
    low = 0.0 if share == 0 else max(0.0, (middle - half) / scale)
    high = 1.0 if share == 1 else min(1.0, (middle + half) / scale)
    return low, high


def hull(value: float, *ranges: tuple[float, float], method: str) -> Interval:
    """The smallest interval that holds the value and all the ranges."""
    ends = [value, *(end for interval in ranges for end in interval)]
    return Interval(value, min(ends), max(ends), method)


def mean_of(intervals: Sequence[Interval]) -> Interval:
    """The mean of independent figures."""
    count = len(intervals)
    value = sum(interval.value for interval in intervals) / count
    below = math.hypot(*(interval.value - interval.low for interval in intervals)) / count
    above = math.hypot(*(interval.high - interval.value for interval in intervals)) / count
    return Interval(value, value - below, value + above, intervals[0].method)


def difference_of(greater: Interval, less: Interval) -> Interval:
    """`greater - less` of two independent figures."""
    value = greater.value - less.value
    below = math.hypot(greater.value - greater.low, less.high - less.value)
    above = math.hypot(greater.high - greater.value, less.value - less.low)
    return Interval(value, value - below, value + above, greater.method)


def student_interval(values: Sequence[float]) -> tuple[float, float]:
    """Where the mean of the runs lies by how much the runs differ; of two runs no more than their range."""
    count = len(values)
    mean = sum(values) / count
    if count < 3:
        return min(values), max(values)
    deviation = math.sqrt(sum((v - mean) ** 2 for v in values) / (count - 1))
    half = _student(count - 1) * deviation / math.sqrt(count)
    return mean - half, mean + half


def expanded_share(parts: int) -> float:
    """The share of bootstrap draws that makes a 95 % interval when they are drawn from so few parts: more than 0.95,
    as the bootstrap knows nothing of what Student's t corrects.
    """
    if parts < 2:
        return 1.0
    reach = _student(parts - 1) * math.sqrt(parts / (parts - 1))
    return NormalDist().cdf(reach) - NormalDist().cdf(-reach)


def _student(freedom: int) -> float:
    """The 97.5 % point of Student's t. Beyond a table, Fisher and Cornish's expansion, good to 0.003."""
    if freedom < len(_STUDENT):
        return _STUDENT[freedom]
    z, n = _Z, float(freedom)
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )


def _finite(value: float) -> float | None:
    return round(value, 9) if math.isfinite(value) else None
