"""The 95 % intervals of one run's figures: what else this run could have shown, by chance alone.

They say nothing of what another run would show; for that there must be several runs (see `effects`).
"""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chaosproof.compare.binomial_bootstrap import peak_range, recovery_range
from chaosproof.json_access import number
from chaosproof.judge.claims import lookup
from chaosproof.judge.figures.request_stats import WINDOWS, Cell
from chaosproof.judge.judge import Verdict
from chaosproof.stats.bootstrap import Phase, draw_blocks, middle, quantiles_of, totals_of
from chaosproof.stats.intervals import Interval, hull, wilson

__all__ = ["RunIntervals"]

_PERCENTS = {"p50_ms": 50.0, "p95_ms": 95.0, "p99_ms": 99.0}
_BY_BLOCKS = "block bootstrap over time within the run, not narrower than Wilson's interval"
_BY_REDRAW = "each tenth of a second's requests drawn anew"


@dataclass
class RunIntervals:
    """Intervals of the figures of `verdict`. Every draw follows from `seed`, so asking again answers the same."""

    verdict: Verdict
    seed: str
    _phases: dict[str, Phase] = field(default_factory=dict)
    _known: dict[str, Interval | None] = field(default_factory=dict)

    def of(self, path: str, value: float) -> Interval | None:
        """The interval of the figure at `path` (`load.error_ratio`), which has this value in this run.

        None for a figure that was not left to chance (`load.requests`), or that one run cannot vary: a
        maximum, what Prometheus sampled, what an activity measured.
        """
        if path not in self._known:
            self._known[path] = self._interval(path.split("."), value)
        return self._known[path]

    def _interval(self, keys: list[str], value: float) -> Interval | None:
        if not self.verdict.fold.rows:
            return None
        if keys in (["recovery_s"], ["recovery", "errors_s"], ["recovery", "at_least_s"]):
            ended_at = number(lookup(self.verdict.summary, "fault.ended_at"))
            if ended_at is None:
                return None
            bounds = recovery_range(self.verdict.fold, ended_at, value, self._chance("recovery"))
            return hull(value, bounds, method=_BY_REDRAW)
        if keys == ["peak", "errors_1s"]:
            return self._peak(value)
        scope = self._scope(keys)
        if scope is None:
            return None
        cells, figure = scope
        if figure in _PERCENTS:
            return self._percentile(cells, _PERCENTS[figure], value)
        if keys[0] == "load" and figure.startswith("p99_ms_by_code."):
            return self._percentile(cells, 99.0, value, self._outcomes(figure.removeprefix("p99_ms_by_")))
        return self._share(cells, figure, value)

    def _scope(self, keys: list[str]) -> tuple[dict[str, list[Cell]], str] | None:
        """The cells that a figure is a sum over, by phase, and the rest of its path."""
        windows: Sequence[str] = WINDOWS
        if keys[0] == "windows" and len(keys) > 2 and keys[1] in WINDOWS:
            windows, keys = keys[1:2], ["load", *keys[2:]]
            if keys[1] == "per_instance":
                keys = keys[1:]
        cells = {name: self.verdict.fold.cells.get(name, {}) for name in windows}
        if keys[0] == "load":
            return {name: list(cells[name].values()) for name in windows}, ".".join(keys[1:])
        if keys[0] == "per_instance":
            known = {name for window in cells.values() for name in window}
            for length in range(1, len(keys)):
                name = ".".join(keys[1 : 1 + length])
                if name in known:
                    rest = ".".join(keys[1 + length :])
                    return {w: [cells[w][name]] for w in windows if name in cells[w]}, rest
        return None

    def _share(self, cells: Mapping[str, Sequence[Cell]], figure: str, value: float) -> Interval | None:
        counted = self._outcomes(figure)
        if counted is None:
            return None
        times: list[int] = []
        requests: list[int] = []
        of = blocks = 0
        for name, some in cells.items():
            if not some:
                continue
            phase = self._phase(name)
            hits, every = [0] * phase.units, [0] * phase.units
            for cell in some:
                for due, outcome in zip(cell.due_at, cell.outcomes, strict=True):
                    unit = phase.unit_of(due)
                    every[unit] += 1
                    hits[unit] += outcome in counted
            of += sum(every)
            if len(set(hits)) > 1:
                blocks += phase.blocks
            times = _added(times, totals_of(phase, hits))
            requests = _added(requests, totals_of(phase, every))
        if not of:
            return None
        is_ratio = figure == "error_ratio"
        scale = 1 if is_ratio else of
        drawn = [hit * scale / all_ for hit, all_ in zip(times, requests, strict=True) if all_]
        low, high = wilson(value if not is_ratio else value * of, of)
        ranges = [(low * scale, high * scale), *([middle(drawn, blocks)] if drawn else [])]
        return hull(value, *ranges, method=_BY_BLOCKS)

    def _outcomes(self, figure: str) -> set[int] | None:
        """The outcomes that a figure counts; None when it does not count any."""
        names = list(enumerate(self.verdict.fold.outcome_names))
        if figure in ("errors", "error_ratio"):
            return {outcome for outcome, (_, ok) in names if not ok}
        if figure == "ok":
            return {outcome for outcome, (_, ok) in names if ok}
        if figure.startswith(("codes.", "code.")):
            return {outcome for outcome, (code, _) in names if code == figure.partition(".")[2]}
        return None

    def _percentile(
        self,
        cells: Mapping[str, Sequence[Cell]],
        percent: float,
        value_ms: float,
        only: set[int] | None = None,
    ) -> Interval | None:
        rows = {
            name: [
                (due, latency)
                for cell in some
                for due, latency, outcome in zip(cell.due_at, cell.latencies, cell.outcomes, strict=True)
                if only is None or outcome in only
            ]
            for name, some in cells.items()
        }
        ordered = sorted(latency for window in rows.values() for _, latency in window)
        if not ordered:
            return None
        phases = {name: self._phase(name) for name in rows if rows[name]}
        drawn = quantiles_of(phases, rows, percent)
        blocks = sum(phase.blocks for phase in phases.values())
        # the ranks between which the percentile lies if requests were independent
        shares = wilson(len(ordered) * percent / 100, len(ordered))
        ranks = (ordered[min(len(ordered) - 1, math.floor(share * len(ordered)))] for share in shares)
        low, high = ranks
        ranges = [(low, high), *([middle(drawn, blocks)] if drawn else [])]
        return hull(value_ms, *((a * 1000, b * 1000) for a, b in ranges), method=_BY_BLOCKS)

    def _peak(self, value: float) -> Interval | None:
        timeline = self.verdict.timeline
        if timeline["slot_s"] != 0.1:
            return None
        every, bad = [0] * timeline["slots"], [0] * timeline["slots"]
        for row in timeline["requests"]:
            every = _added(every, row["counts"])
            if not row["ok"]:
                bad = _added(bad, row["counts"])
        return hull(value, peak_range(every, bad, value, self._chance("peak")), method=_BY_REDRAW)

    def _phase(self, name: str) -> Phase:
        if name not in self._phases:
            cells = self.verdict.fold.cells[name].values()
            start_at = min(min(cell.due_at) for cell in cells if cell.due_at)
            end_at = max(max(cell.due_at) for cell in cells if cell.due_at)
            self._phases[name] = draw_blocks(start_at, end_at, self._chance(name))
        return self._phases[name]

    def _chance(self, what: str) -> random.Random:
        return random.Random(f"{self.seed} {what}")


def _added(a: Sequence[int], b: Sequence[Any]) -> list[int]:
    return [x + y for x, y in zip(a, b, strict=True)] if a else list(b)
