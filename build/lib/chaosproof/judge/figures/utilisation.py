"""How much of each second the workers of an instance were busy, as lines of a timeline, from what Prometheus recorded.

The growth of a counter of the seconds of work (`..._processing_seconds_sum`) is exact over each interval. A gauge that
is 1 while there is work (`..._busy`) is sampled only once a second, and stands in where there is no counter.
"""

from itertools import pairwise
from typing import Any

from chaosproof.runfolder.series import Series

__all__ = ["busy_lines"]

_COUNTER, _GAUGE = "_processing_seconds_sum", "_busy"


def busy_lines(series: Series, start_at: float, end_at: float) -> list[dict[str, Any]]:
    """`{label, unit, instance, source, at: [...], values: [...]}` for each instance that has the metric."""
    for suffix, values_of in ((_COUNTER, _ratios), (_GAUGE, _clamped)):
        lines = [
            {
                "label": "busy",
                "unit": "ratio",
                "instance": samples.instance,
                "source": f"{Series.FILE}#{samples.name}",
                "at": [instant for instant, _ in points],
                "values": [value for _, value in points],
            }
            for samples in series.series
            if samples.name.endswith(suffix)
            and (points := [p for p in values_of(samples.points) if start_at <= p[0] <= end_at])
        ]
        if lines:
            return sorted(lines, key=lambda line: line["instance"])
    return []


def _ratios(counted: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [
        # a counter that falls has begun again from 0
        (later, round(min(1.0, max(0.0, (b - a if b >= a else b) / (later - earlier))), 4))
        for (earlier, a), (later, b) in pairwise(counted)
        if later > earlier
    ]


def _clamped(gauge: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(instant, min(1.0, max(0.0, value))) for instant, value in gauge]
