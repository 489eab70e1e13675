"""The claims of an experiment's `compare`, judged by intervals: a figure that chance could have put on the other
side of its bound proves nothing.

A claim passes when the whole 95 % interval lies where it should, fails when all of it lies elsewhere, and is unknown in
between. A figure that one run cannot vary (a maximum, a sample of Prometheus), one that must equal something, and a
code of which there must be one at least, which is seen or not, is judged by its value in each pair.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from chaosproof.compare.effects import Effects
from chaosproof.experiment.claims import Claim
from chaosproof.experiment.variables import resolve
from chaosproof.judge.check import guarded, worst
from chaosproof.judge.claims import bound_of, codes_had, judge_claims
from chaosproof.runfolder.checks import Check, Status
from chaosproof.stats.intervals import Interval

__all__ = ["JudgedClaim", "judge_by_intervals"]


@dataclass(frozen=True)
class JudgedClaim:
    """A claim's check, what it holds in each of the pairs by its values alone, and the interval that decided."""

    claim: Claim
    check: Check
    by_pair: tuple[Status, ...]
    interval: Interval | None = None


def judge_by_intervals(
    claims: Sequence[Claim],
    effects: Effects,
    variables: Mapping[str, Any],
    codes: frozenset[str] = frozenset(),
) -> tuple[JudgedClaim, ...]:
    """One for each claim, in order; `codes` as in `judge_claims`. A checker that crashes gives `unknown`."""
    # a code that requests of one pair had is known in all
    known = codes.union(*(codes_had(effects.figures(place)) for place in range(len(effects.pairs))))
    return tuple(_judged(claim, effects, variables, known) for claim in claims)


def _judged(
    claim: Claim, effects: Effects, variables: Mapping[str, Any], codes: frozenset[str]
) -> JudgedClaim:
    by_value = tuple(
        judge_claims([claim], effects.figures(place), variables, codes)[0]
        for place in range(len(effects.pairs))
    )
    by_pair = tuple(check.status for check in by_value)
    unclear = next((n for n, status in enumerate(by_pair) if status == "unknown"), None)
    if unclear is None and claim.mistake:
        unclear = 0
    if unclear is not None:
        return JudgedClaim(claim, _of_pair(by_value, unclear), by_pair)
    decisive: list[Interval] = []
    check = guarded(
        claim.id, by_value[0].evidence, partial(_by_interval, claim, effects, variables, by_value, decisive)
    )
    return JudgedClaim(claim, check, by_pair, decisive[0] if decisive else None)


def _by_interval(
    claim: Claim,
    effects: Effects,
    variables: Mapping[str, Any],
    by_value: Sequence[Check],
    decisive: list[Interval],
) -> Check:
    paths = [str(resolve(figure, variables)) for figure in claim.figures]
    if claim.bound == "equals" or _is_of_existence(claim, variables):
        return _by_value(by_value)
    if claim.bound == "in_order":
        intervals = [effects.difference(more, less, claim.default) for less, more in pairwise(paths)]
        low, high, what = 0.0, math.inf, "in ascending order; the difference"
        strictly = not claim.or_equal
    else:
        intervals = [effects.figure(paths[0], claim.default)]
        bounds = bound_of(claim, variables)
        low = bounds[0] if claim.bound in ("at_least", "between") else -math.inf
        high = bounds[-1] if claim.bound in ("at_most", "between") else math.inf
        what = f"{claim.bound.replace('_', ' ')} {' and '.join(f'{bound:g}' for bound in bounds)}; it"
        strictly = False
    known = [interval for interval in intervals if interval is not None]
    if len(known) < len(intervals):
        return _by_value(by_value)
    statuses = [_where(interval, low, high, strictly) for interval in known]
    status = worst(statuses)
    weakest = known[statuses.index(status)]
    decisive.append(weakest)
    return Check(
        claim.id,
        status,
        f"{_in_words(claim, effects, paths)} ({what} {_sentence(weakest, status)})",
        by_value[0].evidence,
    )


def _is_of_existence(claim: Claim, variables: Mapping[str, Any]) -> bool:
    return claim.bound == "at_least" and ".codes." in claim.figures[0] and bound_of(claim, variables)[0] <= 1


def _where(interval: Interval, low: float, high: float, strictly: bool) -> Status:
    """`pass` when all of the interval lies between `low` and `high`, `fail` when none of it does."""
    if (interval.low > low if strictly else interval.low >= low) and interval.high <= high:
        return "pass"
    beyond = interval.high <= low if strictly else interval.high < low
    return "fail" if beyond or interval.low > high else "unknown"


def _in_words(claim: Claim, effects: Effects, paths: Sequence[str]) -> str:
    means = []
    for path in paths:
        values = effects.values(path, claim.default) or [math.nan]
        means.append(f"{path} = {sum(values) / len(values):.6g}")
    many = f", the mean of {len(effects.pairs)} pairs" if len(effects.pairs) > 1 else ""
    return f"{claim.claim}: {', '.join(means)}{many}"


def _sentence(interval: Interval, status: Status) -> str:
    sentence = f"is {interval.value:.6g}, with 95 % between {_end(interval.low)} and {_end(interval.high)}"
    return (
        sentence
        if status == "pass"
        else f"{sentence}, which {'denies it' if status == 'fail' else 'leaves it open'}"
    )


def _end(value: float) -> str:
    return f"{value:.6g}" if math.isfinite(value) else "no bound"


def _by_value(by_value: Sequence[Check]) -> Check:
    """The worst of the pairs."""
    status = worst(check.status for check in by_value)
    return _of_pair(by_value, next(n for n, check in enumerate(by_value) if check.status == status))


def _of_pair(by_value: Sequence[Check], place: int) -> Check:
    check = by_value[place]
    if len(by_value) == 1:
        return check
    where = "in every pair" if check.status == "pass" else f"in pair {place + 1}"
    return Check(check.id, check.status, f"{check.details} {where}", check.evidence)
