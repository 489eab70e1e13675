"""How much of each second the workers of app-b were busy, as lines of a timeline, from what Prometheus recorded.

The seconds of work that a counter of them grew by are exact over each interval. A gauge that says "busy now" is
asked only once a second, and stands in where there is no counter.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from chaosproof.json_access import at, mappings, text
from chaosproof.runfolder.series import points_of

__all__ = ["busy_lines"]

_COUNTER, _GAUGE = "b_processing_seconds_sum", "b_busy"


def busy_lines(series: Mapping[str, Any], start_at: float, end_at: float) -> list[dict[str, Any]]:
    """`{label, unit, instance, source, at: [...], values: [...]}` for each instance that has the metric."""
    for metric, of in ((_COUNTER, _ratios), (_GAUGE, _clamped)):
        lines = [
            {
                "label": "busy",
                "unit": "ratio",
                "instance": text(at(one, "metric", "instance")),
                "source": f"series.json#{metric}",
                "at": [instant for instant, _ in points],
                "values": [value for _, value in points],
            }
            for one in mappings(series.get("series"))
            if at(one, "metric", "__name__") == metric
            and (points := [p for p in of(points_of(one)) if start_at <= p[0] <= end_at])
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
