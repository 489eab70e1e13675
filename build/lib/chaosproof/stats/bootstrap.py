"""A block bootstrap over time: how else the same run could have come out.

A run falls into phases, before, during and after the fault, whose lengths are settings and not chance; so each phase
is resampled by itself. Requests that are near in time share their fate, so not requests are drawn but blocks of
time, of any start, wrapping round at the end of the phase: H. R. Kuensch, "The jackknife and the bootstrap for
general stationary observations", Annals of Statistics 17 (1989); D. N. Politis and J. P. Romano, "A circular
block-resampling procedure for stationary data" (1992). A block lasts 5 s, as long as a breaker stays open, or an
eighth of a shorter phase.
"""

import math
import random
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from chaosproof.stats.intervals import expanded_share

__all__ = ["DRAWS", "Phase", "draw_blocks", "middle", "quantiles_of", "totals_of"]

DRAWS = 1000
UNIT_S = 0.1
_UNITS_MAX = 600
_BLOCK_S = 5.0
_BLOCKS_MIN = 8

Draw = Sequence[tuple[int, int]]
"""The blocks of one draw, each its first unit and the unit after its last."""

_Table = list[list[int]]


@dataclass(frozen=True)
class Phase:
    """A stretch of time in equal units, and for each draw the blocks that it is put together from."""

    start_at: float
    unit_s: float
    units: int
    draws: Sequence[Draw] = field(repr=False)

    @property
    def blocks(self) -> int:
        """How many blocks a draw is put together from."""
        return len(self.draws[0])

    def unit_of(self, instant: float) -> int:
        """The unit that `instant` falls into; the ends belong to the phase."""
        return min(self.units - 1, max(0, int((instant - self.start_at) / self.unit_s + 1e-5)))


def draw_blocks(start_at: float, end_at: float, chance: random.Random, draws: int = DRAWS) -> Phase:
    """A phase with its draws; `chance` alone decides them."""
    span_s = max(end_at - start_at, 0.0)
    unit_s = max(UNIT_S, span_s / _UNITS_MAX)
    units = max(1, round(span_s / unit_s))
    length = max(1, min(round(_BLOCK_S / unit_s), units // _BLOCKS_MIN))
    whole, rest = divmod(units, length)
    lengths = [length] * whole + ([rest] if rest else [])
    starts = ([chance.randrange(units) for _ in lengths] for _ in range(draws))
    return Phase(
        start_at,
        unit_s,
        units,
        [[(start, start + length) for start, length in zip(drawn, lengths, strict=True)] for drawn in starts],
    )


def totals_of(phase: Phase, counts: Sequence[int]) -> list[int]:
    """For each draw, the sum of what the units of its blocks count."""
    up_to = _up_to(counts)
    return [sum(up_to[end] - up_to[start] for start, end in draw) for draw in phase.draws]


def quantiles_of(
    phases: Mapping[str, Phase], rows: Mapping[str, Sequence[tuple[float, float]]], percent: float
) -> list[float]:
    """For each draw, the percentile (nearest rank) of the values of `rows`, which are `(instant, value)`.

    Values are told apart at 256 steps, which lie closest around the percentile.
    """
    steps = _steps(sorted(value for phase in rows.values() for _, value in phase), percent)
    tables = [(phases[name], _table(phases[name], rows[name], steps)) for name in rows if rows[name]]
    quantiles: list[float] = []
    for draw in range(min((len(phase.draws) for phase, _ in tables), default=0)):
        total = _below(tables, draw, len(steps) - 1)
        if not total:
            continue
        low, high = 0, len(steps) - 1
        while low < high:
            between = (low + high) // 2
            if _below(tables, draw, between) * 100 >= percent * total:
                high = between
            else:
                low = between + 1
        quantiles.append(steps[low])
    return quantiles


def middle(draws: Sequence[float], blocks: int) -> tuple[float, float]:
    """Where the middle of the draws lies, as many as make a 95 % interval when each is put together from so many
    blocks.
    """
    ordered = sorted(draws)
    cut = math.floor((1 - expanded_share(blocks)) / 2 * len(ordered))
    return ordered[cut], ordered[-1 - cut]


def _up_to(counts: Sequence[int]) -> list[int]:
    """Sums of the first 0, 1, 2, ... units, twice round, so that a block may wrap."""
    return list(accumulate([*counts, *counts], initial=0))


def _steps(ordered: Sequence[float], percent: float) -> list[float]:
    if not ordered:
        return []
    last = len(ordered) - 1
    centre = round(last * percent / 100)
    ranks = {round(last * n / 127) for n in range(128)}
    reach = max(1, min(len(ordered) // 8, 3 * round((len(ordered) * (100 - percent) / 100) ** 0.5) * 8))
    ranks |= {min(last, max(0, centre + round(reach * n / 64))) for n in range(-64, 65)}
    return sorted({ordered[rank] for rank in ranks})


def _table(phase: Phase, rows: Sequence[tuple[float, float]], steps: Sequence[float]) -> _Table:
    """For each step, how many values are at most that, summed over the units."""
    counts = [[0] * phase.units for _ in steps]
    for instant, value in rows:
        counts[bisect_left(steps, value)][phase.unit_of(instant)] += 1
    running = [0] * phase.units
    table: _Table = []
    for row in counts:
        running = [a + b for a, b in zip(running, row, strict=True)]
        table.append(_up_to(running))
    return table


def _below(tables: Sequence[tuple[Phase, _Table]], draw: int, step: int) -> int:
    return sum(
        table[step][end] - table[step][start] for phase, table in tables for start, end in phase.draws[draw]
    )
