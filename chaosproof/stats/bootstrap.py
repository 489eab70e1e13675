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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, islice
from operator import add, sub

from chaosproof.stats.intervals import expanded_share

__all__ = ["DRAWS", "Phase", "draw_blocks", "middle", "quantiles_of", "totals_of"]

DRAWS = 1000
UNIT_S = 0.1
_UNITS_MAX = 600
_BLOCK_S = 5.0
_BLOCKS_MIN = 8


@dataclass(frozen=True)
class Phase:
    """A stretch of time in equal units, and for each draw the blocks that it is put together from.

    All blocks are `length` units long, but for one of `rest` units at the end of each draw, where `rest` is not 0.
    `whole` are the first units of the former, a list for each draw; `last` is the first unit of the latter.
    """

    start_at: float
    unit_s: float
    units: int
    length: int
    rest: int
    whole: Sequence[Sequence[int]] = field(repr=False)
    last: Sequence[int] = field(repr=False)

    @property
    def blocks(self) -> int:
        """How many blocks a draw is put together from."""
        return len(self.whole[0]) + bool(self.rest)

    def unit_of(self, instant: float) -> int:
        """The unit that `instant` falls into; the ends belong to the phase."""
        return min(self.units - 1, max(0, int((instant - self.start_at) / self.unit_s + 1e-5)))


def draw_blocks(start_at: float, end_at: float, chance: random.Random, draws: int = DRAWS) -> Phase:
    """A phase with its draws; `chance` alone decides them."""
    span_s = max(end_at - start_at, 0.0)
    unit_s = max(UNIT_S, span_s / _UNITS_MAX)
    units = max(1, round(span_s / unit_s))
    length = max(1, min(round(_BLOCK_S / unit_s), units // _BLOCKS_MIN))
    count, rest = divmod(units, length)
    drawn = _numbers_below(units, chance)
    whole: list[list[int]] = []
    last: list[int] = []
    for _ in range(draws):
        whole.append(list(islice(drawn, count)))
        last.append(next(drawn) if rest else 0)
    return Phase(start_at, unit_s, units, length, rest, whole, last)


def totals_of(phase: Phase, counts: Sequence[int]) -> list[int]:
    """For each draw, the sum of what the units of its blocks count."""
    whole, last = _blocks_of(phase, counts)
    return [
        sum(map(whole.__getitem__, starts)) + last[end]
        for starts, end in zip(phase.whole, phase.last, strict=True)
    ]


def quantiles_of(
    phases: Mapping[str, Phase], rows: Mapping[str, Sequence[tuple[float, float]]], percent: float
) -> list[float]:
    """For each draw, the percentile (nearest rank) of the values of `rows`, which are `(instant, value)`.

    Values are told apart at 256 steps, which lie closest around the percentile.
    """
    steps = _steps(sorted(value for phase in rows.values() for _, value in phase), percent)
    tables = [_Table(phases[name], rows[name], steps) for name in rows if rows[name]]
    blocks_at: dict[int, list[int]] = {}

    def below(draw: Sequence[int], step: int) -> int:
        if step not in blocks_at:
            blocks_at[step] = [count for table in tables for count in table.blocks(step)]
        return sum(map(blocks_at[step].__getitem__, draw))

    quantiles: list[float] = []
    for draw in _joined([table.phase for table in tables]):
        total = below(draw, len(steps) - 1)
        if not total:
            continue
        low, high = 0, len(steps) - 1
        while low < high:
            between = (low + high) // 2
            if below(draw, between) * 100 >= percent * total:
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


def _numbers_below(units: int, chance: random.Random) -> Iterator[int]:
    """Without end, what `chance.randrange(units)` gives, in a third of its time."""
    bits = units.bit_length()
    draw = chance.getrandbits
    while True:
        if (number := draw(bits)) < units:
            yield number


def _blocks_of(phase: Phase, counts: Sequence[int]) -> tuple[list[int], list[int]]:
    """What a block counts that starts at the unit 0, 1, 2, ...: a whole one, and the one at the end of a draw."""
    # twice round, so that a block may wrap
    up_to = list(accumulate([*counts, *counts], initial=0))
    units = len(counts)
    whole, last = (
        list(map(sub, up_to[length : length + units], up_to)) for length in (phase.length, phase.rest)
    )
    return whole, last


def _steps(ordered: Sequence[float], percent: float) -> list[float]:
    if not ordered:
        return []
    last = len(ordered) - 1
    centre = round(last * percent / 100)
    ranks = {round(last * n / 127) for n in range(128)}
    reach = max(1, min(len(ordered) // 8, 3 * round((len(ordered) * (100 - percent) / 100) ** 0.5) * 8))
    ranks |= {min(last, max(0, centre + round(reach * n / 64))) for n in range(-64, 65)}
    return sorted({ordered[rank] for rank in ranks})


class _Table:
    """How many values are at most so many steps, for blocks of the phase."""

    def __init__(self, phase: Phase, rows: Sequence[tuple[float, float]], steps: Sequence[float]) -> None:
        self.phase = phase
        counts = [[0] * phase.units for _ in steps]
        for instant, value in rows:
            counts[bisect_left(steps, value)][phase.unit_of(instant)] += 1
        self._running = list(accumulate(counts, lambda below, more: list(map(add, below, more))))

    def blocks(self, step: int) -> list[int]:
        """What each whole block counts, then what each block at the end of a draw counts."""
        whole, last = _blocks_of(self.phase, self._running[step])
        return whole + last


def _joined(phases: Sequence[Phase]) -> list[list[int]]:
    """The draws of all phases together: where their blocks are in the phases' `_Table.blocks`, end to end."""
    draws: list[list[int]] = [[] for _ in range(min((len(phase.whole) for phase in phases), default=0))]
    offset = 0
    for phase in phases:
        for draw, starts, last in zip(draws, phase.whole, phase.last, strict=False):
            draw += [offset + start for start in starts]
            draw.append(offset + phase.units + last)
        offset += 2 * phase.units
    return draws
