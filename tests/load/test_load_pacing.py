"""When requests are due is a pure function: of the rate's course, and of a seed."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproof.load.models.pacing import Stage, due_offsets, expected_requests

rates = st.floats(0.5, 500)
durations = st.floats(1, 20)


def test_request_n_of_a_constant_rate_is_due_at_n_over_the_rate():
    assert list(due_offsets([Stage(200, 200, 60)])) == [n / 200 for n in range(12_000)]


@given(rates, durations)
def test_a_constant_rate_makes_rate_times_duration_requests(rate, duration):
    count = sum(1 for _ in due_offsets([Stage(rate, rate, duration)]))
    assert abs(count - rate * duration) <= 1


@given(st.lists(st.tuples(rates, rates, durations), min_size=1, max_size=4))
def test_due_instants_never_go_back_and_stay_within_the_course(parts):
    stages = [Stage(*part) for part in parts]
    offsets = list(due_offsets(stages))
    total_s = math.fsum(stage.duration_s for stage in stages)
    assert all(earlier <= later for earlier, later in itertools.pairwise(offsets))
    assert offsets[0] == 0
    assert offsets[-1] <= total_s
    assert abs(len(offsets) - expected_requests(stages)) <= 1


@given(rates, rates, durations, st.floats(0.01, 1))
def test_a_ramp_has_sent_by_each_instant_what_the_area_under_its_rate_says(from_rps, to_rps, duration, part):
    t = part * duration
    area = from_rps * t + (to_rps - from_rps) / duration * t * t / 2
    sent = sum(1 for offset in due_offsets([Stage(from_rps, to_rps, duration)]) if offset <= t)
    assert abs(sent - area) <= 1.001


def test_a_step_changes_the_distance_between_requests():
    offsets = list(due_offsets([Stage(10, 10, 1), Stage(100, 100, 1)]))
    assert offsets[:10] == [n / 10 for n in range(10)]
    assert offsets[10:] == pytest.approx([1 + n / 100 for n in range(100)])


def test_a_stage_of_rate_zero_is_a_pause():
    offsets = list(due_offsets([Stage(10, 10, 1), Stage(0, 0, 5), Stage(10, 10, 1)]))
    assert [offset for offset in offsets if 1 <= offset < 6] == []
    assert len(offsets) == 20


def test_the_same_seed_gives_the_same_instants_and_another_seed_others():
    stages = [Stage(100, 100, 5)]
    seven = list(due_offsets(stages, "poisson", 7))
    assert seven == list(due_offsets(stages, "poisson", 7))
    assert seven != list(due_offsets(stages, "poisson", 8))


def test_poisson_arrivals_have_the_mean_and_the_spread_of_an_exponential():
    offsets = list(due_offsets([Stage(1000, 1000, 50)], "poisson", 3))
    gaps = [later - earlier for earlier, later in itertools.pairwise(offsets)]
    mean = sum(gaps) / len(gaps)
    deviation = math.sqrt(sum((gap - mean) ** 2 for gap in gaps) / len(gaps))
    # Of 50,000 draws, both are within 2 % but once in tens of thousands of seeds.
    assert mean == pytest.approx(0.001, rel=0.02)
    assert deviation == pytest.approx(0.001, rel=0.02)


def test_poisson_arrivals_follow_a_ramp():
    offsets = list(due_offsets([Stage(0, 1000, 10)], "poisson", 5))
    early = sum(1 for offset in offsets if offset < 5)
    assert early / len(offsets) == pytest.approx(0.25, abs=0.03)
