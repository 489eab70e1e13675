"""What scipy computes as well comes out the same; scipy is no part of a run."""

import math
import random
from statistics import pstdev

import numpy as np
import pytest
from scipy import stats

from chaosproof.stats.bootstrap import draw_blocks, totals_of
from chaosproof.stats.intervals import expanded_share, student_interval, wilson
from chaosproof.stats.sequential import PROOF, STAKE, wealth


@pytest.mark.parametrize("of", [1, 2, 7, 100, 12_000])
@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.9, 1])
def test_wilson_is_scipys(share, of):
    """The interval of a share, at its ends, too."""
    times = round(share * of)
    expected = stats.binomtest(times, of).proportion_ci(method="wilson")
    assert wilson(times, of) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("count", [3, 4, 5, 6, 10, 30, 200])
def test_students_interval_is_scipys(count):
    """The mean of several runs: the t quantile is good to 0.003, as its docstring says."""
    chance = random.Random(count)
    values = [chance.gauss(10, 2) for _ in range(count)]
    error = stats.sem(values)
    expected = stats.t.interval(0.95, count - 1, loc=np.mean(values), scale=error)
    assert student_interval(values) == pytest.approx(expected, abs=0.003 * error)


@pytest.mark.parametrize("parts", [2, 3, 5, 12, 80])
def test_the_share_of_draws_to_keep_is_hesterbergs(parts):
    """What a normal interval must be widened to so that it reaches as far as Student's."""
    reach = stats.t.ppf(0.975, parts - 1) * math.sqrt(parts / (parts - 1))
    assert expanded_share(parts) == pytest.approx(2 * stats.norm.cdf(reach) - 1, abs=2e-4)


def test_blocks_of_independent_counts_vary_as_single_draws_do():
    """Where neighbours tell nothing of each other, drawing blocks of time is the plain bootstrap."""
    chance = random.Random(1)
    counts = [chance.randrange(20) for _ in range(600)]
    totals = totals_of(draw_blocks(0, 60, random.Random(2), draws=2000), counts)
    plain = stats.bootstrap((np.array(counts, dtype=float),), np.sum, n_resamples=2000, method="basic", rng=3)
    assert pstdev(totals) == pytest.approx(plain.standard_error, rel=0.15)


@pytest.mark.parametrize("pairs", [6, 20, 100])
def test_proof_is_rarer_by_chance_than_a_fixed_test_allows(pairs):
    """Won bets that prove would be significant at 2.5 % for a sign test that looks but once."""
    needed = next(won for won in range(pairs + 1) if wealth([-1] * (pairs - won) + [1] * won)[-1] >= PROOF)
    assert stats.binom.sf(needed - 1, pairs, 0.5) <= 1 / PROOF
    assert (1 + STAKE) ** needed * (1 - STAKE) ** (pairs - needed) >= PROOF
