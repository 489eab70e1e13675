"""Figures out of series.json, what Prometheus recorded: `series.<metric>.max`, and the same for one instance.

Samples of one metric and instance that differ in other labels are added up at each instant. Buckets are left
out.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from chaosproof.json_access import at, mapping, mappings, number, sequence, text

__all__ = ["points_of", "series_figures"]


def series_figures(series: Mapping[str, Any]) -> dict[str, Any]:
    """`{metric: {min, max, mean_min, mean_max, increase, per_instance: {NAME: {min, max, mean, last,
    increase}}}}`.

    `mean_max` is the highest mean of any instance; `increase` is for counters: what they grew by, across
    restarts, of all instances together.
    """
    sums: dict[str, dict[str, dict[float, float]]] = {}
    for one in mappings(series.get("series")):
        metric, instance = text(at(one, "metric", "__name__")), text(at(one, "metric", "instance"))
        if not metric or metric.endswith("_bucket"):
            continue
        samples = sums.setdefault(metric, {}).setdefault(instance, {})
        for instant, value in points_of(one):
            samples[instant] = samples.get(instant, 0.0) + value
    return {metric: _metric(instances) for metric, instances in sorted(sums.items())}


def _metric(instances: Mapping[str, Mapping[float, float]]) -> dict[str, Any]:
    each = {
        name: _instance([samples[instant] for instant in sorted(samples)])
        for name, samples in sorted(instances.items())
        if samples
    }
    if not each:
        return {}
    return {
        "min": min(i["min"] for i in each.values()),
        "max": max(i["max"] for i in each.values()),
        "mean_min": min(i["mean"] for i in each.values()),
        "mean_max": max(i["mean"] for i in each.values()),
        "increase": sum(i["increase"] for i in each.values()),
        "per_instance": each,
    }


def _instance(values: Sequence[float]) -> dict[str, float]:
    # a counter that falls has begun again from 0
    steps = (b - a if b >= a else b for a, b in pairwise(values))
    return {
        "min": min(values),
        "max": max(values),
        "mean": sum(values) / len(values),
        "last": values[-1],
        "increase": sum(steps),
    }


def points_of(one: Mapping[str, Any]) -> list[tuple[float, float]]:
    """The samples of one series, as `(instant, value)`; what is no number is left out."""
    found: list[tuple[float, float]] = []
    for pair in sequence(mapping(one).get("values")):
        both = sequence(pair)
        if len(both) != 2:
            continue
        instant, value = number(both[0]), _value(both[1])
        if instant is not None and value is not None:
            found.append((instant, value))
    return found


def _value(word: Any) -> float | None:
    """Prometheus writes values as text; NaN and Inf are no values."""
    try:
        return number(float(word))
    except (TypeError, ValueError):
        return None
