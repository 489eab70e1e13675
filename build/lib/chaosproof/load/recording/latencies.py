"""The latencies of a whole load, for its final figures: exact while they fit into memory, else within 0.1 %."""

import math
from array import array
from collections.abc import Sequence

from hdrh.histogram import HdrHistogram

__all__ = ["EXACT_MAX", "Latencies", "nearest_rank", "new_histogram"]

# 4 million are 32 MB, and as many again while they are sorted.
EXACT_MAX = 4_000_000
_HISTOGRAM_MAX_US = 24 * 3600 * 1_000_000


def new_histogram() -> HdrHistogram:
    """An HdrHistogram of microseconds up to a day, true to 3 digits."""
    return HdrHistogram(1, _HISTOGRAM_MAX_US, 3)


def nearest_rank(ordered: Sequence[float], percent: float) -> float:
    """The smallest of `ordered` that at least `percent` of them do not exceed; it must not be empty."""
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


class Latencies:
    """Collects latencies in seconds. Call `freeze` when all are in, and ask for figures only then."""

    def __init__(self, exact_max: int = EXACT_MAX) -> None:
        self.count = 0
        self.min_s = math.inf
        self.max_s = 0.0
        self._exact_max = exact_max
        self.mean_s = 0.0
        self._squares = 0.0
        self._values = array("d")
        self._histogram: HdrHistogram | None = None

    def add(self, latency_s: float) -> None:
        """Add one latency."""
        self.count += 1
        self.min_s = min(self.min_s, latency_s)
        self.max_s = max(self.max_s, latency_s)
        # Welford's running mean and sum of squared distances: no cancellation, and one pass.
        distance = latency_s - self.mean_s
        self.mean_s += distance / self.count
        self._squares += distance * (latency_s - self.mean_s)
        if self._histogram is not None:
            self._histogram.record_value(max(1, round(latency_s * 1e6)))
            return
        self._values.append(latency_s)
        if self.count > self._exact_max:
            self._histogram = new_histogram()
            for value in self._values:
                self._histogram.record_value(max(1, round(value * 1e6)))
            self._values = array("d")

    def freeze(self) -> None:
        """All are in: put them in order."""
        self._values = array("d", sorted(self._values))

    @property
    def exact(self) -> bool:
        """Whether percentiles are those of the latencies themselves."""
        return self._histogram is None

    @property
    def deviation_s(self) -> float:
        """The standard deviation of the whole, as Fortio has it."""
        return math.sqrt(self._squares / self.count) if self.count else 0.0

    def percentile_s(self, percent: float) -> float:
        """By nearest rank; never above the greatest."""
        if self._histogram is None:
            return nearest_rank(self._values, percent)
        # The histogram rounds to a rank: ask for exactly the nearest rank's.
        rank = max(1, math.ceil(percent / 100 * self.count))
        return min(self.max_s, float(self._histogram.get_value_at_percentile(100 * rank / self.count)) / 1e6)
