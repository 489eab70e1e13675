"""Questions to the instances' own metrics pages."""

from typing import Any

from chaoslib.types import Configuration
from prometheus_client.parser import text_string_to_metric_families

from chaosproof.errors import ChaosproofError
from chaosproof.toolkit.current import session_of

__all__ = ["breaker_transitions", "samples"]


def samples(instance: str, metric: str, configuration: Configuration = None) -> list[dict[str, Any]]:
    """All samples of `metric` on the metrics page of `instance`, now: `[{"labels": {...}, "value": 1.0}]`.

    Raises `TargetError` when the page cannot be had, `ChaosproofError` when the metric is not on it.
    """
    page = session_of(configuration).target.metrics(instance)
    values = [
        {"labels": dict(sample.labels), "value": sample.value}
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == metric
    ]
    if not values and metric not in page:
        raise ChaosproofError(f"{instance} has no metric {metric!r} on its page.")
    return values


def breaker_transitions(
    instance: str, metric: str = "a_breaker_transitions_total", configuration: Configuration = None
) -> dict[str, int]:
    """How often the circuit breaker of `instance` changed its state so far: `{"closed->open": 1, ...}`.

    `metric` is a counter with the labels `from` and `to`. Raises as `samples` does.
    """
    return {
        f"{sample['labels']['from']}->{sample['labels']['to']}": int(sample["value"])
        for sample in samples(instance, metric, configuration)
    }
