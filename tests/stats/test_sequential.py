"""The betting test keeps its word however often one looks at it."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproof.runfolder.checks import Status
from chaosproof.stats.sequential import PROOF, decide, median_sequence, wealth


def test_six_pairs_that_hold_are_proof_and_five_are_not() -> None:
    five, six = (decide(["pass"] * n, planned=20) for n in (5, 6))
    assert five.go_on and five.wealth == pytest.approx(1.9**5)
    assert not six.go_on and six.wealth == pytest.approx(1.9**6) and six.as_json()["decided"] is True


@pytest.mark.parametrize("status", ["fail", "unknown"])
def test_a_pair_that_does_not_pass_ends_it(status: Status) -> None:
    decision = decide(["pass", status], planned=20)
    assert not decision.go_on
    assert decision.reason.startswith(f"pair 2 is {status}")
    assert decision.as_json()["decided"] is False


def test_it_ends_when_all_planned_pairs_are_done_without_calling_that_proof() -> None:
    decision = decide(["pass"] * 3, planned=3)
    assert not decision.go_on
    assert decision.as_json()["decided"] is False


def test_no_pair_yet_is_no_reason_to_stop() -> None:
    assert decide([], planned=5).go_on


def test_whoever_peeks_after_every_pair_is_fooled_by_a_coin_once_in_forty_times_at_most() -> None:
    """A naive test at the 2.5 % level, peeked at as often, is fooled far more often: the contrast shows the point."""
    chance = random.Random(5)
    games, rounds = 4000, 60
    fooled = naive = 0
    for _ in range(games):
        bets = [1 if chance.random() < 0.5 else -1 for _ in range(rounds)]
        fooled += max(wealth(bets)) >= PROOF
        total = 0
        for n, bet in enumerate(bets, start=1):
            total += bet
            if n >= 6 and total / math.sqrt(n) > 1.96:
                naive += 1
                break
    assert fooled / games <= 1 / PROOF
    assert naive / games > 3 / PROOF


@given(st.lists(st.floats(-100, 100), max_size=30))
def test_a_confidence_sequence_never_turns_round_and_mirrors_with_its_values(values: list[float]) -> None:
    low, high = median_sequence(values)
    assert low <= high
    mirrored = median_sequence([-value for value in values])
    assert mirrored == (-high, -low)


def test_fewer_than_six_differences_leave_both_ends_open() -> None:
    assert median_sequence([1.0] * 5) == (-math.inf, math.inf)
    assert median_sequence([1.0] * 6) == (1.0, 1.0)
    assert median_sequence([5.0, 1.0, 4.0, 2.0, 3.0, 6.0]) == (1.0, 6.0)


def test_a_confidence_sequence_holds_the_median_at_every_moment() -> None:
    chance = random.Random(9)
    games, missed = 400, 0
    for _ in range(games):
        values = [chance.gauss(0, 1) for _ in range(40)]
        sequences = (median_sequence(values[:n]) for n in range(6, 41))
        missed += any(not low <= 0 <= high for low, high in sequences)
    assert missed / games <= 0.05
