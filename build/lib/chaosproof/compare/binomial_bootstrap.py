"""How precisely a recovery, or a peak of errors, was observed: each tenth of a second's requests fail anew, as often
as they did. A sharp edge stays sharp; where the error ratio lay near the tolerance, the moment varies.
"""

import math
import random
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from chaosproof.judge.figures.recovery import ERROR_RATIO_MAX, HOLD_S, WINDOW_S
from chaosproof.judge.figures.request_stats import RequestStats
from chaosproof.judge.figures.timeline import most_within

__all__ = ["peak_range", "recovery_range"]

_SLOT_S = 0.1
_DRAWS = 500
_EXACT_MAX = 100


def recovery_range(
    fold: RequestStats, ended_at: float, recovery_s: float, chance: random.Random
) -> tuple[float, float]:
    """From when until when the recovery may have been, by 500 redraws and the width of a slot; the end is infinite
    when in some of them the system did not come back, as it is when `recovery_s` is but what it took at least.
    """
    window = round(WINDOW_S / _SLOT_S)
    slots = max(0, int((max(fold.recovery_due_at, default=ended_at) - ended_at) / _SLOT_S)) + window
    every, bad = [0] * slots, [0] * slots
    for counts, due_at in ((every, fold.recovery_due_at), (bad, fold.recovery_bad_due_at)):
        for due in due_at:
            slot = math.floor((due - ended_at) / _SLOT_S + 1e-5) + window
            if 0 <= slot < slots:
                counts[slot] += 1
    drawn = [_recovered(every, again, window) for again in _redraws(every, bad, chance)]
    # on the grid of slots the moment is known to a slot only: the draws say how it shifts, not where it is
    as_seen = _recovered(every, bad, window)
    if not math.isfinite(as_seen):
        sooner, _ = _middle([min(draw, recovery_s) for draw in drawn])
        return max(0.0, sooner - _SLOT_S), math.inf
    low, high = _middle([draw - as_seen for draw in drawn])
    return max(0.0, recovery_s + low - _SLOT_S), recovery_s + high + _SLOT_S if recovery_s or high else 0.0


def peak_range(
    every: Sequence[int], bad: Sequence[int], peak: float, chance: random.Random
) -> tuple[float, float]:
    """From how many to how many failures within a second the peak may have been, of counts per tenth of a second."""
    window = round(1 / _SLOT_S)
    drawn = [most_within(again, window) for again in _redraws(every, bad, chance)]
    # the largest of noisy counts lies above the counts' own largest: only the spread is used
    centre = sum(drawn) / len(drawn)
    low, high = _middle([draw - centre for draw in drawn])
    return max(0.0, peak + low), peak + high


def _middle(draws: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(draws)
    cut = len(ordered) // 40
    return ordered[cut], ordered[-1 - cut]


def _redraws(every: Sequence[int], bad: Sequence[int], chance: random.Random) -> Iterator[list[int]]:
    varies = [
        (slot, counts)
        for slot, counts in enumerate(zip(every, bad, strict=True))
        if 0 < counts[1] < counts[0]
    ]
    chances = {counts: _up_to(*counts) for _, counts in varies if counts[0] <= _EXACT_MAX}
    for _ in range(_DRAWS):
        drawn = list(bad)
        for slot, counts in varies:
            table = chances.get(counts)
            drawn[slot] = bisect_left(table, chance.random()) if table else _near(*counts, chance)
        yield drawn


def _up_to(count: int, failed: int) -> list[float]:
    """How probable it is that none, at most 1, at most 2, ... of `count` requests fail."""
    share = failed / count
    exactly = (math.comb(count, n) * share**n * (1 - share) ** (count - n) for n in range(count))
    return list(accumulate(exactly))


def _near(count: int, failed: int, chance: random.Random) -> int:
    """A draw of many, for which the binomial is normal."""
    drawn = chance.gauss(failed, math.sqrt(failed * (1 - failed / count)))
    return min(count, max(0, round(drawn)))


def _recovered(every: Sequence[int], bad: Sequence[int], window: int) -> float:
    """The definition of `recovery`, on slots of which the first `window` lie before the end of the fault."""
    hold = round(HOLD_S / _SLOT_S)
    total, failed = sum(every[:window]), sum(bad[:window])
    good = 0
    for slot in range(window, len(every) + 1):
        good = good + 1 if total and failed <= ERROR_RATIO_MAX * total else 0
        if good > hold:
            return (slot - window - hold) * _SLOT_S
        if slot < len(every):
            total += every[slot] - every[slot - window]
            failed += bad[slot] - bad[slot - window]
    return math.inf
