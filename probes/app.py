"""Questions to the gRPC pair: how quickly the answers of one kind came, and what became of the work behind them."""

from typing import Any

from chaoslib.types import Configuration
from prometheus_client.parser import text_string_to_metric_families

from chaosproof.ask_http import ask_http
from chaosproof.errors import ChaosproofError
from chaosproof.evidence.figures import percentile_ms
from chaosproof.evidence.fold import fold_requests
from chaosproof.evidence.run_folder import read_run
from chaosproof.session import Session

__all__ = ["answers", "executions"]

_EXECUTED = "b_requests_completed_total"


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


def executions(service: str = "app-b", configuration: Configuration = None) -> dict[str, int]:
    """The work that the instances of `service` have done since their start, by the ids that they tell on /executed.

    `executed` works, for `ids` different ids; `twice` is how many were done for an id that had been worked on before,
    by any of them. Raises `ChaosproofError` when an instance does not tell, or has forgotten some of it.
    """
    target = Session.of(configuration).target
    ids: list[str] = []
    for instance in target.instances(service):
        counted = _counter(target.metrics(instance.name), _EXECUTED)
        status, told = ask_http(target, instance, "GET", "/executed")
        if status != 200:
            raise ChaosproofError(f"{instance.name} answered {status} when asked for what it has executed.")
        if len(told.split()) < counted:
            raise ChaosproofError(
                f"{instance.name} did {counted} works and remembers {len(told.split())} of them."
            )
        ids += told.split()
    return {"executed": len(ids), "ids": len(set(ids)), "twice": len(ids) - len(set(ids))}


def _counter(page: str, name: str) -> int:
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == name and not sample.labels:
                return int(sample.value)
    raise ChaosproofError(f"There is no metric {name} on the page.")
