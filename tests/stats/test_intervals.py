"""Intervals hold what they should as often as they say, and stay sensible where a formula would like to break."""

import math
import random
from itertools import chain, islice
from pathlib import Path
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproof.compare.binomial_bootstrap import _redraws
from chaosproof.compare.effects import Effects
from chaosproof.compare.run_intervals import RunIntervals
from chaosproof.judge.judge import Verdict, judge_run
from chaosproof.stats.bootstrap import _numbers_below, draw_blocks, middle, quantiles_of, totals_of
from chaosproof.stats.intervals import (
    Interval,
    difference_of,
    hull,
    mean_of,
    student_interval,
    wilson,
)
from tests.support.runs import FAULT_AT, FAULT_END, LOAD_AT, Run, baseline_run, resilient_run


def judged(run: Run, folder: Path) -> Verdict:
    run.recount()
    return judge_run(run.write(folder))


# --- the arithmetic -------------------------------------------------------------------------------------------


def test_wilson_gives_the_values_of_the_literature() -> None:
    """Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_the_difference_of_two_shares_is_that_of_the_literature() -> None:
    """Newcombe (1998), the same journal, p. 873, method 10: 56/70 - 48/80 and 9/10 - 3/10."""
    for (a, m), (b, n), expected in (
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((10, 10), (0, 20), (0.6791, 1.0)),
    ):
        greater, less = (hull(x / y, wilson(x, y), method="") for x, y in ((a, m), (b, n)))
        found = difference_of(greater, less)
        assert (found.low, found.high) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(("count", "expected"), [(3, 4.302653), (6, 2.570582), (7, 2.446912), (31, 2.042272)])
def test_students_factor_is_that_of_the_tables(count: int, expected: float) -> None:
    values = [float(n) for n in range(count)]
    low, high = student_interval(values)
    spread = math.sqrt(sum((v - fmean(values)) ** 2 for v in values) / (count - 1))
    assert (high - low) / 2 * math.sqrt(count) / spread == pytest.approx(expected, abs=0.003)


FINITE = st.floats(-1e6, 1e6)
INTERVALS = st.tuples(FINITE, st.floats(0, 1e3), st.floats(0, 1e3)).map(
    lambda one: Interval(one[0], one[0] - one[1], one[0] + one[2])
)


@given(INTERVALS, INTERVALS)
def test_a_difference_lies_in_its_interval_and_turns_round_with_its_parts(a: Interval, b: Interval) -> None:
    one, other = difference_of(a, b), difference_of(b, a)
    assert one.low <= one.value <= one.high
    assert (other.low, other.value, other.high) == pytest.approx((-one.high, -one.value, -one.low))


@given(st.lists(INTERVALS, min_size=1, max_size=6))
def test_the_mean_of_several_is_surer_than_each(intervals: list[Interval]) -> None:
    mean = mean_of(intervals)
    assert mean.low <= mean.value <= mean.high
    assert mean.high - mean.value <= max(one.high - one.value for one in intervals) + 1e-6


def test_an_end_without_a_bound_is_null_in_json() -> None:
    assert Interval(1.0, 0.5, math.inf).as_json()["high"] is None


# --- the block bootstrap --------------------------------------------------------------------------------------


def test_the_bootstrap_holds_the_truth_about_as_often_as_it_says_when_failures_come_in_clusters() -> None:
    """Failures switch on and off for seconds. Requests drawn one by one would hold the truth half of the time."""
    chance = random.Random(11)
    held = {"blocks": 0, "requests": 0}
    truth, runs, units = 0.25, 120, 600
    for run in range(runs):
        on, bad = chance.random() < truth, []
        for _ in range(units):
            # a spell of failures lasts a second on average, a healthy one three
            if chance.random() < (0.1 if on else 0.1 / 3):
                on = not on
            bad.append(10 if on else 0)
        phase = draw_blocks(0, 60, random.Random(run), draws=300)
        low, high = middle([total / (10 * units) for total in totals_of(phase, bad)], phase.blocks)
        held["blocks"] += low <= truth <= high
        low, high = wilson(sum(bad), 10 * units)
        held["requests"] += low <= truth <= high
    assert held["blocks"] / runs >= 0.85
    assert held["requests"] / runs <= 0.6


def test_every_draw_is_as_long_as_the_phase() -> None:
    for span_s in (0.0, 0.05, 1.0, 3.0, 15.0, 61.0, 4000.0):
        phase = draw_blocks(0, span_s, random.Random(1), draws=20)
        assert totals_of(phase, [1] * phase.units) == [phase.units] * 20
        starts = [*chain.from_iterable(phase.whole), *phase.last]
        assert all(0 <= start < phase.units for start in starts)
        assert all(len(draw) * phase.length + phase.rest == phase.units for draw in phase.whole)


@given(st.integers(1, 700), st.integers(0, 9))
def test_first_units_are_drawn_as_random_draws_them(units: int, seed: int) -> None:
    """So intervals that were written down before stay as they are."""
    chance = random.Random(seed)
    drawn = list(islice(_numbers_below(units, random.Random(seed)), 20))
    assert drawn == [chance.randrange(units) for _ in range(20)]


def test_a_percentile_of_what_never_varies_does_not_vary() -> None:
    phase = draw_blocks(0, 30, random.Random(1), draws=50)
    rows = [(n / 10, 0.01 + 0.001 * (n % 5)) for n in range(300)]
    assert set(quantiles_of({"x": phase}, {"x": rows}, 99)) == {0.014}


@given(st.lists(st.floats(0.001, 10), min_size=1, max_size=200), st.sampled_from([50.0, 95.0, 99.0]))
def test_a_drawn_percentile_is_one_of_the_latencies(latencies: list[float], percent: float) -> None:
    phase = draw_blocks(0, 20, random.Random(1), draws=5)
    rows = [(20 * n / len(latencies), latency) for n, latency in enumerate(latencies)]
    assert set(quantiles_of({"x": phase}, {"x": rows}, percent)) <= set(latencies)


# --- figures of a run -------------------------------------------------------------------------------------------


def test_the_same_run_always_has_the_same_intervals(tmp_path: Path) -> None:
    verdict = judged(baseline_run(), tmp_path)
    paths = {"load.error_ratio": 0.15, "load.p99_ms": 12.0, "recovery_s": verdict.summary["recovery_s"]}
    one, other = ([RunIntervals(verdict, "x").of(path, value) for path, value in paths.items()] for _ in "ab")
    assert one == other and None not in one


def test_no_failure_at_all_is_no_proof_that_none_can_happen(tmp_path: Path) -> None:
    run = resilient_run()
    for row in run.rows:
        row[4], row[5] = 200, "SUCCESS"
    found = RunIntervals(judged(run, tmp_path), "x").of("load.error_ratio", 0.0)
    assert found is not None
    assert found.low == 0
    assert found.high == pytest.approx(wilson(0, 2000)[1])


def test_nothing_but_failures_stays_within_what_can_be(tmp_path: Path) -> None:
    run = baseline_run()
    for row in run.rows:
        row[4], row[5] = 503, "UNAVAILABLE"
    intervals = RunIntervals(judged(run, tmp_path), "x")
    ratio, count = intervals.of("load.error_ratio", 1.0), intervals.of("load.codes.UNAVAILABLE", 2000)
    assert ratio is not None and count is not None
    assert 0.99 < ratio.low < ratio.high == 1.0
    assert 1980 < count.low < count.high == 2000


def test_a_fault_of_fixed_length_does_not_vary_by_being_drawn_more_often(tmp_path: Path) -> None:
    """Half of the requests fail during the fault, by design 10 s of 40: only what follows it is left to chance."""
    found = RunIntervals(judged(baseline_run(), tmp_path), "x").of("windows.fault.error_ratio", 0.5)
    assert found is not None
    assert (found.low, found.high) == pytest.approx(wilson(250, 500), abs=0.005)


def test_a_sharp_recovery_is_known_to_a_tenth_of_a_second_and_a_blurred_one_less(tmp_path: Path) -> None:
    sharp = judged(baseline_run(), tmp_path / "sharp")
    blurred_run = baseline_run()
    chance = random.Random(3)
    for row in blurred_run.rows:
        since_s = float(row[1]) - FAULT_END
        if 0 <= since_s < 9 and chance.random() < 0.3 * (1 - since_s / 9):
            row[4], row[5] = 503, "UNAVAILABLE"
    blurred = judged(blurred_run, tmp_path / "blurred")
    widths = []
    for verdict in (sharp, blurred):
        value = verdict.summary["recovery_s"]
        found = RunIntervals(verdict, "x").of("recovery_s", value)
        assert found is not None and 0 <= found.low <= value <= found.high
        widths.append(found.high - found.low)
    assert widths[0] < 0.5 < widths[1]


def test_a_recovery_that_was_not_seen_has_no_upper_bound(tmp_path: Path) -> None:
    run = baseline_run()
    for row in run.rows[1000::4]:
        row[4], row[5] = 503, "UNAVAILABLE"
    verdict = judged(run, tmp_path)
    at_least_s = verdict.summary["recovery"]["at_least_s"]
    found = RunIntervals(verdict, "x").of("recovery.at_least_s", at_least_s)
    assert verdict.summary["recovery_s"] is None
    assert found is not None and 15 < found.low <= at_least_s and found.high == math.inf


@pytest.mark.parametrize(
    "path", ["load.requests", "load.max_ms", "load.rate_rps", "series.m.max", "recovery.ready_s"]
)
def test_what_one_run_cannot_vary_has_no_interval(tmp_path: Path, path: str) -> None:
    assert RunIntervals(judged(baseline_run(), tmp_path), "x").of(path, 1.0) is None


def test_a_run_of_ten_seconds_has_intervals_too(tmp_path: Path) -> None:
    """2 s, a fault of 3 s, and 5 s after it."""
    run = baseline_run()
    run.rows[:] = [row for row in run.rows if FAULT_AT - 2 <= float(row[1]) < FAULT_AT + 8]
    for seq, row in enumerate(run.rows):
        row[0] = seq
    run.fault.update(expires_at=FAULT_AT + 3, ended_at=FAULT_AT + 3, planned_s=3)
    verdict = judged(run, tmp_path)
    intervals = RunIntervals(verdict, "x")
    for path in ("load.error_ratio", "load.p99_ms", "load.codes.UNAVAILABLE"):
        value = (
            verdict.summary["load"]["codes"]["UNAVAILABLE"]
            if "codes" in path
            else verdict.summary["load"][path[5:]]
        )
        found = intervals.of(path, value)
        assert found is not None
        assert 0 <= found.low <= value <= found.high
        assert math.isfinite(found.high)


def test_a_run_without_a_request_has_none(tmp_path: Path) -> None:
    run = baseline_run()
    run.rows.clear()
    assert RunIntervals(judged(run, tmp_path), "x").of("load.error_ratio", 0.0) is None


# --- both modes -------------------------------------------------------------------------------------------------


def test_one_pair_says_what_chance_within_it_could_have_done(tmp_path: Path) -> None:
    pair = judged(baseline_run(), tmp_path / "b"), judged(resilient_run(), tmp_path / "r")
    found = Effects([pair]).difference("baseline.load.error_ratio", "resilient.load.error_ratio")
    assert found is not None
    assert found.value == pytest.approx(0.149)
    assert 0.05 < found.low < 0.149 < found.high < 0.3


def test_a_difference_may_be_negative(tmp_path: Path) -> None:
    pair = judged(baseline_run(), tmp_path / "b"), judged(resilient_run(), tmp_path / "r")
    found = Effects([pair]).difference("resilient.load.error_ratio", "baseline.load.error_ratio")
    assert found is not None and found.high < 0


def test_runs_that_differ_more_than_chance_within_them_widen_the_interval(tmp_path: Path) -> None:
    def pairs(spoil: list[int]) -> list[tuple[Verdict, Verdict]]:
        made = []
        for n, many in enumerate(spoil):
            run = resilient_run()
            for row in run.rows[600 : 600 + many]:
                row[4], row[5] = 503, "UNAVAILABLE"
            name = f"{sum(spoil)}-{n}"
            made.append((judged(baseline_run(), tmp_path / f"b{name}"), judged(run, tmp_path / f"r{name}")))
        return made

    paths = "baseline.load.error_ratio", "resilient.load.error_ratio"
    alike, apart = (Effects(pairs(spoil)).difference(*paths) for spoil in ([20, 20, 20], [0, 5, 55]))
    assert alike is not None and apart is not None
    assert alike.value == pytest.approx(apart.value, abs=0.001)
    assert apart.high - apart.low > alike.high - alike.low
    assert "3 runs" in apart.method


def test_an_early_stop_leaves_no_bound_before_there_is_proof(tmp_path: Path) -> None:
    pair = judged(baseline_run(), tmp_path / "b"), judged(resilient_run(), tmp_path / "r")
    paths = "baseline.load.error_ratio", "resilient.load.error_ratio"
    few, enough = (Effects([pair] * n, stopped_early=True).difference(*paths) for n in (5, 6))
    assert few is not None and few.low == -math.inf
    assert enough is not None and enough.low == pytest.approx(0.149)


def test_before_the_load_and_after_it_are_no_phases(tmp_path: Path) -> None:
    """The phases run from the first request due to the last: a silent stretch at an end is not drawn from."""
    verdict = judged(baseline_run(), tmp_path)
    intervals = RunIntervals(verdict, "x")
    intervals.of("load.error_ratio", 0.15)
    before = intervals._phases["before"]
    assert before.start_at == pytest.approx(LOAD_AT)
    assert before.units * before.unit_s == pytest.approx(FAULT_AT - LOAD_AT, abs=0.11)


@pytest.mark.parametrize(("count", "failed"), [(20, 3), (20, 19), (100, 50), (5000, 40)])
def test_a_slot_drawn_anew_fails_as_often_as_it_did_and_varies_as_chance_does(
    count: int, failed: int
) -> None:
    drawn = [slots[0] for slots in _redraws([count, 7, 7], [failed, 0, 7], random.Random(2))]
    deviation = math.sqrt(failed * (1 - failed / count))
    assert fmean(drawn) == pytest.approx(failed, abs=4 * deviation / math.sqrt(len(drawn)))
    assert math.sqrt(fmean((n - failed) ** 2 for n in drawn)) == pytest.approx(deviation, rel=0.15)
    assert min(drawn) >= 0 and max(drawn) <= count
    assert all(slots[1:] == [0, 7] for slots in _redraws([count, 7, 7], [failed, 0, 7], random.Random(2)))


def test_the_percentile_of_one_code_is_that_of_its_requests_alone_and_has_an_interval(tmp_path: Path) -> None:
    run = baseline_run()
    refused = [row for row in run.rows if row[4] != 200]
    for place, row in enumerate(refused):
        row[3] = f"{float(row[1]) + 0.001 * (1 + place % 20):.6f}"
    verdict = judged(run, tmp_path)
    by_code = verdict.summary["load"]["p99_ms_by_code"]
    assert by_code == {"SUCCESS": 12.0, "UNAVAILABLE": 20.0}
    found = RunIntervals(verdict, "seed").of("load.p99_ms_by_code.UNAVAILABLE", by_code["UNAVAILABLE"])
    assert found is not None
    assert (found.low, found.value, found.high) == pytest.approx((20, 20, 20), abs=0.01)
