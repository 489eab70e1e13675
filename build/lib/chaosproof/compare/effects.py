"""How large the difference between the modes is, and how sure: figures of both modes with their 95 % intervals.

From one pair of runs an interval says what chance within these runs could have done (see `run_intervals`). From
several it also says what another run could show: it then holds both that and Student's interval over the runs.
Where a series of runs was ended early because of what it showed, neither is valid, and the confidence sequence of
`sequential` takes their place.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chaosproof.compare.run_intervals import RunIntervals
from chaosproof.experiment.modes import MODES
from chaosproof.json_access import number, text
from chaosproof.judge.claims import lookup
from chaosproof.judge.judge import Verdict
from chaosproof.stats.intervals import Interval, difference_of, hull, mean_of, student_interval
from chaosproof.stats.sequential import median_sequence

__all__ = ["Effects", "effects_table", "hit_instance"]

_OVER_RUNS = "Student's interval over {} runs, not narrower than the block bootstrap within them"
_OVER_TWO = "the range of 2 runs, not narrower than the block bootstrap within them"
_STOPPED = "confidence sequence of the median by betting, valid when stopped early"


@dataclass
class Effects:
    """The intervals of pairs `(baseline, resilient)`; `stopped_early` when their number was left to chance.

    `variants` are the further runs that were made with each pair, by the name of the variant.
    """

    pairs: Sequence[tuple[Verdict, Verdict]]
    stopped_early: bool = False
    variants: Sequence[Mapping[str, Verdict]] = ()
    _runs: Mapping[str, tuple[RunIntervals, ...]] = field(init=False)

    def __post_init__(self) -> None:
        verdicts = {mode: [pair[place] for pair in self.pairs] for place, mode in enumerate(MODES)}
        for name in sorted({name for runs in self.variants for name in runs}):
            verdicts[name] = [runs[name] for runs in self.variants if name in runs]
        self._runs = {
            mode: tuple(RunIntervals(verdict, f"{mode} {n}") for n, verdict in enumerate(some))
            for mode, some in verdicts.items()
            if len(some) == len(self.pairs)
        }

    @property
    def modes(self) -> tuple[str, ...]:
        """The modes and the variants of which there is a run with every pair."""
        return tuple(self._runs)

    def figures(self, place: int) -> dict[str, Mapping[str, Any]]:
        """What claims may name of the pair in this place and of what was run with it, by mode."""
        return {mode: runs[place].verdict.figures for mode, runs in self._runs.items()}

    def values(self, path: str, default: float | None = None) -> list[float] | None:
        """The figure at `path` (`resilient.load.p99_ms`) in each of the pairs; None when it is not known in one.

        `default` stands for a code that no request had.
        """
        mode, _, rest = path.partition(".")
        measured = [_value(run.verdict.figures, rest, default) for run in self._runs.get(mode, ())]
        known = [value for value in measured if value is not None]
        return known if known and len(known) == len(measured) else None

    def figure(self, path: str, default: float | None = None) -> Interval | None:
        """The interval of the figure at `path`; None when there is nothing to vary it by."""
        values = self.values(path, default)
        return None if values is None else self._over_runs(values, self._inside(path, values))

    def difference(self, greater: str, less: str, default: float | None = None) -> Interval | None:
        """The interval of `greater - less`, pair by pair; None when there is nothing to vary it by."""
        a, b = self.values(greater, default), self.values(less, default)
        if a is None or b is None:
            return None
        inside_a, inside_b = self._inside(greater, a), self._inside(less, b)
        inside = difference_of(inside_a, inside_b) if inside_a and inside_b else None
        return self._over_runs([x - y for x, y in zip(a, b, strict=True)], inside)

    def _over_runs(self, values: Sequence[float], inside: Interval | None) -> Interval | None:
        """The interval over the runs, not narrower than `inside`, which is what chance within them could have done."""
        if len(values) == 1:
            return inside
        if self.stopped_early:
            low, high = median_sequence(values)
            return Interval(sorted(values)[len(values) // 2], low, high, _STOPPED)
        method = _OVER_TWO if len(values) == 2 else _OVER_RUNS.format(len(values))
        ranges = [student_interval(values), *([(inside.low, inside.high)] if inside else [])]
        return hull(_mean(values), *ranges, method=method)

    def _inside(self, path: str, values: Sequence[float]) -> Interval | None:
        """What chance within the runs could have done to the mean of the figure."""
        mode, _, rest = path.partition(".")
        measured = [run.of(rest, value) for run, value in zip(self._runs[mode], values, strict=True)]
        known = [interval for interval in measured if interval is not None]
        return mean_of(known) if len(known) == len(measured) else None


def effects_table(effects: Effects, hit: str) -> list[dict[str, Any]]:
    """`[{figure, label, unit, baseline, resilient, difference, runs}]` of the figures that a person asks for first.

    `difference` is baseline - resilient; an interval that is not known is null, and a figure that is not known in
    both modes is left out. `hit` is the instance that the fault was on, or empty.
    """
    rows: list[dict[str, Any]] = []
    for figure, label, unit, default in _first_figures(hit):
        paths = {mode: f"{mode}.{figure}" for mode in MODES}
        values = {mode: effects.values(path, default) for mode, path in paths.items()}
        if any(value is None for value in values.values()):
            continue
        apart = effects.difference(paths["baseline"], paths["resilient"], default)
        rows.append(
            {
                "figure": figure,
                "label": label,
                "unit": unit,
                **{mode: _shown(effects.figure(path, default), values[mode]) for mode, path in paths.items()},
                "difference": None if apart is None else apart.as_json(),
                "runs": values,
            }
        )
    return rows


def _first_figures(hit: str) -> list[tuple[str, str, str, float | None]]:
    rows: list[tuple[str, str, str, float | None]] = [
        ("load.error_ratio", "failed requests", "ratio", None),
        ("windows.fault.error_ratio", "failed requests during the fault", "ratio", None),
        (f"per_instance.{hit}.codes.UNAVAILABLE", f"UNAVAILABLE from {hit}", "count", 0.0),
        ("peak.errors_1s", "most failures within a second", "count", None),
        ("load.p50_ms", "median latency", "ms", None),
        ("load.p99_ms", "99th percentile of latency", "ms", None),
        ("load.max_ms", "longest latency", "ms", None),
        ("recovery_s", "recovery after the fault", "s", None),
        ("recovery.transport_s", "of it, the transport", "s", None),
        ("recovery.breaker_s", "on top, the breaker", "s", None),
        ("recovery.ready_s", "until the hit instance was ready", "s", None),
    ]
    return [row for row in rows if hit or "per_instance" not in row[0]]


def _value(figures: Mapping[str, Any], path: str, default: float | None) -> float | None:
    try:
        return number(lookup(figures, path, default))
    except KeyError:
        return None


def _shown(interval: Interval | None, values: Sequence[float] | None) -> dict[str, Any]:
    return (interval or Interval(_mean(values or [math.nan]), -math.inf, math.inf)).as_json()


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def hit_instance(verdict: Verdict) -> str:
    """The instance that the fault was on, or an empty string."""
    fault = verdict.summary.get("fault")
    return text(fault.get("instance")) if isinstance(fault, Mapping) else ""
