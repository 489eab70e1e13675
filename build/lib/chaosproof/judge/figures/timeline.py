"""timeline.json: what happened when, in slots that a plot can show. The report draws it and computes nothing.

The format is in docs/reference/run-folder.md. Slots are 100 ms, and as much longer as an hour-long run needs to stay
small.

Try it: chaosproof judge RUN_DIR; python -m json.tool RUN_DIR/timeline.json | less
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import chain
from typing import Any

from chaosproof.judge.figures.disturbances import disturbances_of
from chaosproof.judge.figures.request_stats import OTHER_CODES, WINDOWS, Cell, RequestStats
from chaosproof.judge.figures.state_intervals import breaker_bands, readiness_bands
from chaosproof.judge.figures.summary import percentile_ms
from chaosproof.judge.figures.utilisation import busy_lines
from chaosproof.runfolder.run_folder import SCHEMA_VERSION, RunFolder

__all__ = ["OTHERS", "SLOT_S", "most_within", "peak_of", "timeline_of"]

SLOT_S = 0.1
OTHERS = "others"
"""Stands for all instances, or codes, beyond the most frequent ones."""

_SLOTS_MAX = 6_000
_LONGER = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_STEP_S = 1.0
_NAMES_MAX = 24
_FAULT_KEYS = ("id", "kind", "instance", "applied_at", "ended_at", "packets")
# A microsecond, in slots: instants are rounded to it, and a request due on a slot's edge belongs to that slot.
_EDGE = 1e-5
_ROUNDING = 1e-6

_PERCENTS = (
    *(float(p) for p in range(0, 90, 5)),
    *(90 + n / 2 for n in range(18)),
    *(round(99 + n / 10, 1) for n in range(10)),
    *(99.95, 99.99, 99.995, 99.999),
)


def timeline_of(run: RunFolder, fold: RequestStats) -> dict[str, Any]:
    """The whole of timeline.json as plain JSON values; empty lists where the run has nothing to show."""
    start_at = fold.first_due_at or 0.0
    span_s = (fold.last_due_at or 0.0) - start_at
    slot_s = _slot_s(span_s)
    slots = int(span_s / slot_s + _EDGE) + 1 if fold.rows else 0
    step_s = max(_STEP_S, slot_s)
    requests, steps = _dealt(fold, start_at, slot_s, slots, round(step_s / slot_s))
    end_at = start_at + slots * slot_s
    return {
        "schema_version": SCHEMA_VERSION,
        "start_at": start_at,
        "end_at": round(end_at, 6),
        "slot_s": slot_s,
        "slots": slots,
        "requests": requests,
        "step_s": step_s,
        "errors": {"ratio": _error_ratios(requests, slots, round(step_s / slot_s))},
        "latency": _latency(steps),
        "distribution": _distribution(fold.cells),
        "faults": [{key: getattr(fault, key) for key in _FAULT_KEYS} for fault in run.fault_records],
        "disturbances": disturbances_of(run),
        "bands": [*readiness_bands(run, start_at, end_at), *breaker_bands(run, start_at, end_at)],
        "lines": busy_lines(run.series, start_at, end_at),
    }


def peak_of(timeline: Mapping[str, Any]) -> dict[str, float | None]:
    """`{errors_1s, p99_ms}`: the most failed requests due within a second (to the slot), and the highest p99 of
    any second. None where there were no requests, or the slots are longer than a second.
    """
    slots, slot_s = timeline["slots"], timeline["slot_s"]
    p99s = [ms for ms in timeline["latency"]["p99_ms"] if ms is not None]
    if not slots or slot_s > 1:
        return {"errors_1s": None, "p99_ms": max(p99s, default=None)}
    bad = [0] * slots
    for row in timeline["requests"]:
        if not row["ok"]:
            bad = [a + b for a, b in zip(bad, row["counts"], strict=True)]
    return {"errors_1s": most_within(bad, round(1 / slot_s)), "p99_ms": max(p99s, default=None)}


def most_within(counts: Sequence[int], slots: int) -> int:
    """The largest sum of so many neighbouring counts."""
    running = most = sum(counts[:slots])
    for come, gone in zip(counts[slots:], counts, strict=False):
        running += come - gone
        most = max(most, running)
    return most


def _slot_s(span_s: float) -> float:
    if span_s <= SLOT_S * _SLOTS_MAX:
        return SLOT_S
    return next((s for s in _LONGER if span_s <= s * _SLOTS_MAX), span_s / (_SLOTS_MAX - 1))


def _dealt(
    fold: RequestStats, start_at: float, slot_s: float, slots: int, slots_in_step: int
) -> tuple[list[dict[str, Any]], list["array[float]"]]:
    """How many requests of each instance had each code in each slot, and the latencies of each step."""
    instances, codes = _shown(fold)
    counts: dict[tuple[str, str, bool], array[int]] = {}
    unused = array("Q")
    steps = [array("d") for _ in range(-(-slots // slots_in_step))]
    per_s = 1 / slot_s
    last = slots - 1
    for window in fold.cells.values():
        for name, cell in window.items():
            rows: list[array[int]] = []
            for code, ok in fold.outcome_names:
                if code not in cell.codes and code != OTHER_CODES:
                    rows.append(unused)
                    continue
                key = (name if name in instances else OTHERS, code if code in codes else OTHERS, ok)
                rows.append(counts.setdefault(key, array("Q", bytes(8 * slots))))
            for due, outcome, latency in zip(cell.due_at, cell.outcomes, cell.latencies, strict=True):
                slot = int((due - start_at) * per_s + _EDGE)
                if slot > last:
                    slot = last
                rows[outcome][slot] += 1
                steps[slot // slots_in_step].append(latency)
    return [
        {"instance": name, "code": code, "ok": ok, "counts": list(row)}
        for (name, code, ok), row in sorted(counts.items())
        if any(row)
    ], steps


def _shown(fold: RequestStats) -> tuple[Set[str], Set[str]]:
    """The instances and codes that are told apart; only a file of garbage has more of them."""
    instances: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for window in fold.cells.values():
        for name, cell in window.items():
            instances[name] += len(cell.latencies)
            codes.update(cell.codes)
    return dict(instances.most_common(_NAMES_MAX)).keys(), dict(codes.most_common(_NAMES_MAX)).keys()


def _error_ratios(
    requests: Iterable[Mapping[str, Any]], slots: int, slots_in_step: int
) -> list[float | None]:
    steps = -(-slots // slots_in_step)
    all_of, bad_of = [0] * steps, [0] * steps
    for row in requests:
        for slot, times in enumerate(row["counts"]):
            all_of[slot // slots_in_step] += times
            if not row["ok"]:
                bad_of[slot // slots_in_step] += times
    return [round(bad / all_, 6) if all_ else None for all_, bad in zip(all_of, bad_of, strict=True)]


def _latency(steps: Sequence["array[float]"]) -> dict[str, list[float | None]]:
    ordered = [sorted(step) for step in steps]
    return {
        key: [percentile_ms(step, percent) for step in ordered]
        for key, percent in (("p50_ms", 50), ("p95_ms", 95), ("p99_ms", 99), ("max_ms", 100))
    }


def _distribution(cells: Mapping[str, Mapping[str, Cell]]) -> dict[str, Any]:
    """Percentiles of each window and of all requests, as far as at least one request lies beyond them."""
    windows = {
        name: sorted(chain.from_iterable(cell.latencies for cell in cells.get(name, {}).values()))
        for name in WINDOWS
    }
    # sorted runs one after the other are sorted in one merge
    every = sorted(chain.from_iterable(windows.values()))
    return {
        "percents": list(_PERCENTS),
        **{name: _percentiles(latencies) for name, latencies in {**windows, "all": every}.items()},
    }


def _percentiles(ordered: Sequence[float]) -> list[float]:
    return [
        ms
        for percent in _PERCENTS
        if len(ordered) * (100 - percent) >= 100 - _ROUNDING
        and (ms := percentile_ms(ordered, percent)) is not None
    ]
