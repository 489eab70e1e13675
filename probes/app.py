"""Questions to the gRPC pair: how quickly the answers of one kind came, and what became of the work behind them."""

from typing import Any

from chaoslib.types import Configuration
from prometheus_client.parser import text_string_to_metric_families

from chaosproof.errors import ChaosproofError
from chaosproof.evidence.figures import percentile_ms
from chaosproof.evidence.fold import fold_requests
from chaosproof.evidence.run_folder import read_run
from chaosproof.session import Session
from chaosproof.targets import Target

__all__ = ["answers", "executions"]

_Counter = tuple[str, dict[str, str]]
_ANSWERED: _Counter = ("a_downstream_requests_total", {"code": "SUCCESS"})
_EXECUTED: _Counter = ("b_requests_completed_total", {})
_REPEATED: _Counter = ("b_requests_duplicate_total", {})


def answers(
    codes: list,  # type: ignore[type-arg]  # `chaos discover` knows only the plain one
    configuration: Configuration = None,
) -> dict[str, Any]:
    """The requests of the measured load that ended with one of `codes`, failed ones too: `requests`, `p50_ms`,
    `p99_ms`, `max_ms` (null when there are none).

    Raises `ChaosproofError` when no request has ended yet.
    """
    folder = Session.of(configuration).folder
    fold = fold_requests(folder / "requests.csv.gz", closed=read_run(folder).closed_model, fault=None)
    if not fold.rows:
        raise ChaosproofError("No request has ended yet, so there is nothing to measure.")
    wanted = {place for place, (code, _) in enumerate(fold.outcome_names) if code in codes}
    latencies = sorted(
        latency
        for window in fold.cells.values()
        for cell in window.values()
        for latency, outcome in zip(cell.latencies, cell.outcomes, strict=True)
        if outcome in wanted
    )
    shown = {
        f"{name}_ms": percentile_ms(latencies, p) for name, p in (("p50", 50), ("p99", 99), ("max", 100))
    }
    return {"codes": list(codes), "requests": len(latencies), **shown}


def executions(
    caller: str = "app-a", service: str = "app-b", configuration: Configuration = None
) -> dict[str, int]:
    """What `service` did and `caller` got for it since the system was started: `executed`, `answered`, `unanswered`.

    Every request has an id of its own, and an answer needs at least one execution of it: when `unanswered`, which is
    `executed` less `answered`, is 0, no id was executed twice. `repeated` counts the calls with an id already known,
    which an instance answers without new work. Raises `TargetError` when an instance does not give its metrics.
    """
    target = Session.of(configuration).target
    answered, executed = _total(target, caller, *_ANSWERED), _total(target, service, *_EXECUTED)
    return {
        "executed": executed,
        "answered": answered,
        "unanswered": executed - answered,
        "repeated": _total(target, service, *_REPEATED),
    }


def _total(target: Target, service: str, metric: str, labels: dict[str, str]) -> int:
    """The sum of one counter over all instances; `ChaosproofError` when one of them does not have it."""
    total = 0.0
    for instance in target.instances(service):
        found = [
            sample.value
            for family in text_string_to_metric_families(target.metrics(instance.name))
            for sample in family.samples
            if sample.name == metric and labels.items() <= sample.labels.items()
        ]
        if not found:
            raise ChaosproofError(f"{instance.name} has no metric {metric} {labels or ''}on its page.")
        total += sum(found)
    return round(total)
