"""Figures out of series.json, what Prometheus recorded: `series.<metric>.max`, and the same for one instance.

Samples of one metric and instance that differ in other labels are added up at each instant. Buckets are left
out.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from chaosproof.runfolder.series import Series

__all__ = ["series_figures"]


def series_figures(series: Series) -> dict[str, Any]:
    """`{metric: {min, max, mean_min, mean_max, increase, per_instance: {NAME: {min, max, mean, last,
    increase}}}}`.

    `mean_max` is the highest mean of any instance; `increase` is for counters: what they grew by, across
    restarts, of all instances together.
    """
    sums: dict[str, dict[str, dict[float, float]]] = {}
    for samples in series.series:
        if not samples.name or samples.name.endswith("_bucket"):
            continue
        total = sums.setdefault(samples.name, {}).setdefault(samples.instance, {})
        for instant, value in samples.points:
            total[instant] = total.get(instant, 0.0) + value
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
