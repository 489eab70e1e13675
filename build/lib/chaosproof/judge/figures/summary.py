"""The figures of a run: pure functions from what was read to what summary.json says and claims may name.

Percentiles are exact, by nearest rank: the smallest latency that at least p % of the requests do not exceed.
Every request counts, the failed ones too; a latency is given in milliseconds, to the microsecond at which it
was recorded.
"""

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaosproof.judge.figures.recovery import errors_recovery, ready_recovery_s
from chaosproof.judge.figures.recovery_phases import recovery_split
from chaosproof.judge.figures.request_stats import WINDOWS, Cell, RequestStats
from chaosproof.runfolder.faults import FaultRecord
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["Figures", "acted", "fault_span", "figures_of", "percentile_ms"]


@dataclass(frozen=True)
class Figures:
    """The part of summary.json that is measured; plain JSON values throughout."""

    load: Mapping[str, Any]
    per_instance: Mapping[str, Any]
    windows: Mapping[str, Any]
    fault: Mapping[str, Any] | None
    faults: Sequence[Mapping[str, Any]]
    recovery_s: float | None
    recovery: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {
            "load": self.load,
            "fault": self.fault,
            "faults": self.faults,
            "recovery_s": self.recovery_s,
            "recovery": self.recovery,
            "per_instance": self.per_instance,
            "windows": self.windows,
        }


def acted(run: RunFolder) -> list[FaultRecord]:
    """The faults that went on, in the order in which they did."""
    return sorted(
        (f for f in run.fault_records if f.applied_at is not None), key=lambda f: f.applied_at or 0.0
    )


def fault_span(run: RunFolder) -> tuple[float, float] | None:
    """From the first fault's beginning to the last one's end; a fault never seen to end lasts for ever. None:
    no fault.
    """
    on = acted(run)
    return (on[0].applied_at or 0.0, max(map(_end_of, on))) if on else None


def figures_of(run: RunFolder, fold: RequestStats) -> Figures:
    """Everything that can be measured from the folder `run` and the `fold` of its requests."""
    cells = fold.cells
    every = fold.every_cell
    names = sorted({name for window in cells.values() for name in window})
    span = fault_span(run)
    last = _last_to_end(run)
    recovery_s, recovery = _recovery(run, fold, span, last)
    return Figures(
        load={
            **_load(every),
            "p99_ms_by_code": _p99_ms_by_code(every, fold.outcome_names),
            "rate_rps": _achieved_rate_rps(run, fold),
            "planned_rate_rps": run.load_plan.rate_rps,
            "duration_s": _rounded(_duration_s(run, fold)),
        },
        per_instance={name: _load(w[name] for w in cells.values() if name in w) for name in names},
        windows={} if span is None else {window: _window(cells.get(window, {})) for window in WINDOWS},
        fault=None if last is None else _fault(last),
        faults=[_fault(f) for f in run.fault_records],
        recovery_s=recovery_s,
        recovery=recovery,
    )


def percentile_ms(ordered_s: Sequence[float], percent: float) -> float | None:
    """The nearest-rank percentile of latencies in seconds, ascending; in ms. None when there are none."""
    if not ordered_s:
        return None
    rank = max(1, math.ceil(len(ordered_s) * percent / 100))
    return round(ordered_s[rank - 1] * 1000, 3)


def _load(cells: Iterable[Cell]) -> dict[str, Any]:
    codes: Counter[str] = Counter()
    latencies = array("d")
    ok = 0
    for cell in cells:
        ok += cell.ok
        latencies.extend(cell.latencies)
        codes.update(cell.codes)
    requests = len(latencies)
    ordered = sorted(latencies)
    return {
        "requests": requests,
        "ok": ok,
        "errors": requests - ok,
        "error_ratio": (requests - ok) / requests if requests else None,
        "codes": dict(sorted(codes.items())),
        "p50_ms": percentile_ms(ordered, 50),
        "p95_ms": percentile_ms(ordered, 95),
        "p99_ms": percentile_ms(ordered, 99),
        "max_ms": percentile_ms(ordered, 100),
    }


def _p99_ms_by_code(cells: Iterable[Cell], names: Sequence[tuple[str, bool]]) -> dict[str, float | None]:
    """Of the answers with each code alone: a refusal that is quick hides behind the answers that are not."""
    latencies: dict[str, array[float]] = {}
    for cell in cells:
        columns = [latencies.setdefault(code, array("d")) for code, _ in names]
        for outcome, latency in zip(cell.outcomes, cell.latencies, strict=True):
            columns[outcome].append(latency)
    return {code: percentile_ms(sorted(column), 99) for code, column in sorted(latencies.items())}


def _window(cells: Mapping[str, Cell]) -> dict[str, Any]:
    return {
        **_load(cells.values()),
        "per_instance": {name: _load([cell]) for name, cell in sorted(cells.items())},
    }


def _duration_s(run: RunFolder, fold: RequestStats) -> float | None:
    """How long requests were due: as planned, or longer where the rows say so."""
    planned = run.load_plan.duration_s
    if fold.first_due_at is None or fold.last_due_at is None:
        return planned
    return max(planned or 0.0, fold.last_due_at - fold.first_due_at)


def _achieved_rate_rps(run: RunFolder, fold: RequestStats) -> float | None:
    duration_s = _duration_s(run, fold)
    return _rounded(fold.sent / duration_s) if duration_s and fold.rows else None


def _end_of(fault: FaultRecord) -> float:
    return math.inf if fault.ended_at is None else fault.ended_at


def _last_to_end(run: RunFolder) -> FaultRecord | None:
    """The fault that the recovery counts from; one that never went on, when there is no other."""
    return max(acted(run), key=_end_of, default=next(iter(run.fault_records), None))


def _fault(fault: FaultRecord) -> dict[str, Any]:
    applied_at, ended_at = fault.applied_at, fault.ended_at
    actual_s = None if applied_at is None or ended_at is None else ended_at - applied_at
    return {
        "id": fault.id,
        "kind": fault.kind,
        "instance": fault.instance,
        "backend": fault.backend,
        "applied_at": applied_at,
        "ended_at": ended_at,
        "ended_by": fault.ended_by,
        "planned_s": fault.planned_s,
        "actual_s": _rounded(actual_s),
        "packets": fault.packets,
    }


def _recovery(
    run: RunFolder, fold: RequestStats, span: tuple[float, float] | None, last: FaultRecord | None
) -> tuple[float | None, dict[str, Any]]:
    errors_s = at_least_s = ready_s = transport_s = breaker_s = None
    observed_s = 0.0
    if span is not None and last is not None and math.isfinite(span[1]):
        began_at, ended_at = span
        errors = errors_recovery(ended_at, fold.recovery_due_at, fold.recovery_bad_due_at)
        errors_s, at_least_s, observed_s = errors.recovery_s, errors.at_least_s, errors.observed_s
        ready_s = ready_recovery_s(run.readiness, last.instance, began_at, ended_at)
        transport_s, breaker_s = recovery_split(run, fold, last.instance, ended_at)
    recovery = {
        "errors_s": _rounded(errors_s),
        "ready_s": _rounded(ready_s),
        "at_least_s": _rounded(at_least_s),
        "observed_s": _rounded(observed_s),
        "transport_s": _rounded(transport_s),
        "breaker_s": _rounded(breaker_s),
    }
    return _rounded(errors_s), recovery


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
