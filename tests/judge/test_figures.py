"""Figures are exact: each is held against the plainest way to compute it."""

import gzip
import math
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaosproof.judge.check import worst
from chaosproof.judge.figures.recovery import errors_recovery, ready_recovery_s
from chaosproof.judge.figures.request_stats import fold_requests
from chaosproof.judge.figures.series_figures import series_figures
from chaosproof.judge.figures.summary import percentile_ms
from chaosproof.runfolder.readiness import ReadinessRow
from chaosproof.runfolder.series import Series
from tests.support.runs import HEADER, requests_gz

STATUSES = st.sampled_from(["pass", "fail", "unknown"])


@given(st.lists(STATUSES, max_size=12), st.randoms(use_true_random=False))
def test_a_verdict_does_not_depend_on_the_order_of_its_checks(statuses: list[str], random: object) -> None:
    shuffled = list(statuses)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert worst(shuffled) == worst(statuses)


@given(st.lists(STATUSES, max_size=12))
def test_the_worst_wins_and_nothing_is_unknown(statuses: list[str]) -> None:
    order = ["pass", "unknown", "fail"]
    expected = max(statuses, key=order.index) if statuses else "unknown"
    assert worst(statuses) == expected


def test_a_status_that_is_none_of_the_three_is_no_pass() -> None:
    assert worst(["pass", "PASS"]) == "unknown"
    assert worst(["pass", ""]) == "unknown"


@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=300), st.sampled_from([50, 95, 99, 100]))
def test_a_percentile_is_the_least_latency_that_enough_requests_do_not_exceed(
    micros: list[int], percent: int
) -> None:
    ordered = sorted(m / 1_000_000 for m in micros)
    naive = next(
        value
        for value in sorted(micros)
        if Fraction(sum(m <= value for m in micros), len(micros)) >= Fraction(percent, 100)
    )
    assert percentile_ms(ordered, percent) == pytest.approx(naive / 1000, abs=1e-9)


def test_no_requests_have_no_percentile() -> None:
    assert percentile_ms([], 99) is None


def naive_recovery_s(ended_at: float, due: list[float], bad: list[float]) -> float | None:
    """By the words of docs/reference/run-folder.md: try every moment at which the ratio can change."""

    def within(t: float) -> bool:
        requests = sum(d <= t < d + 1.0 for d in due)
        return requests > 0 and sum(d <= t < d + 1.0 for d in bad) * 20 <= requests

    moments = sorted({ended_at} | {t for d in due for t in (d, d + 1.0) if t > ended_at})
    for t in moments:
        if t + 5.0 <= max(due) and all(within(m) for m in moments if t <= m < t + 5.0):
            return t - ended_at
    return None


# quarters of a second are exact in binary: the oracle and the sweep cannot differ by rounding
INSTANTS = st.lists(
    st.tuples(st.integers(-8, 80), st.sampled_from([True] * 12 + [False])), min_size=1, max_size=120
)


@settings(max_examples=300)
@given(INSTANTS)
def test_recovery_is_the_first_moment_after_which_errors_stay_within_bounds(
    marks: list[tuple[int, bool]],
) -> None:
    due = [100.0 + quarter / 4 for quarter, _ in marks]
    bad = [100.0 + quarter / 4 for quarter, ok in marks if not ok]
    found = errors_recovery(100.0, due, bad)
    expected = naive_recovery_s(100.0, due, bad)
    assert found.recovery_s == expected
    if expected is None and found.at_least_s is not None:
        assert 0 <= found.at_least_s <= found.observed_s


def steady(seconds: float, rate: int = 20) -> list[float]:
    return [99.0 + n / rate for n in range(int((seconds + 1) * rate))]


def test_recovery_is_zero_when_nothing_failed() -> None:
    assert errors_recovery(100.0, steady(10), []).recovery_s == 0


@pytest.mark.parametrize(("failures", "recovery_s"), [(5, 0), (6, 1.01)])
def test_five_in_a_hundred_are_within_bounds_and_six_are_not(failures: int, recovery_s: float) -> None:
    due = steady(10, rate=100)
    found = errors_recovery(100.0, due, due[101 : 101 + failures])
    assert found.recovery_s == pytest.approx(recovery_s)


def test_recovery_is_not_known_when_it_was_not_watched_for_five_seconds() -> None:
    assert errors_recovery(100.0, steady(4.5), []).recovery_s is None
    assert errors_recovery(100.0, [], []).recovery_s is None


def test_recovery_is_not_known_when_errors_never_end() -> None:
    due = steady(20)
    found = errors_recovery(100.0, due, due[::2])
    assert found.recovery_s is None
    assert found.at_least_s == pytest.approx(19.95)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], None),
        ([(1, "ready")], 0),
        ([(1, "ready"), (12, "not_ready"), (20.5, "ready")], 0.5),
        ([(1, "ready"), (12, "not_ready"), (18, "ready")], 0),
        ([(1, "ready"), (12, "not_ready")], None),
        ([(1, "ready"), (20.4, "not_ready"), (21.4, "ready")], 1.4),
        ([(1, "ready"), (12, "not_ready"), (14, "ready"), (15, "not_ready"), (23, "ready")], 3),
        ([(1, "ready"), (12, "not_ready"), (20.5, "ready"), (40, "not_ready")], 0.5),
        ([(1, "ready"), (12, "killed"), (13, "exited"), (13.1, "started"), (22, "ready")], 2),
        ([(1, "started"), (2, "ready"), (30, "not_ready")], 0),
    ],
)
def test_an_instance_is_ready_again_when_its_last_spell_ends(
    events: list[tuple[float, str]], expected: float | None
) -> None:
    rows = [{"at": at, "instance": "a", "event": event} for at, event in events]
    other = [{"at": 13, "instance": "b", "event": "not_ready"}]
    assert ready_recovery_s(map(ReadinessRow.from_json, rows + other), "a", 10, 20) == (
        None if expected is None else pytest.approx(expected)
    )


def rows(count: int) -> list[list[object]]:
    return [[n, 100 + n / 10, 100 + n / 10, 100.5 + n / 10, 200, "SUCCESS", "a", 1] for n in range(count)]


def test_latency_counts_from_due_in_the_open_model_and_from_sent_in_the_closed_one(tmp_path: Path) -> None:
    path = tmp_path / "requests.csv.gz"
    path.write_bytes(requests_gz([[0, 100, 101, 103, 200, "SUCCESS", "a", 1]]))
    for closed, latency_s in ((False, 3.0), (True, 2.0)):
        cell = fold_requests(path, closed=closed, fault=None).cells["before"]["a"]
        assert list(cell.latencies) == [latency_s]


def test_a_request_that_nobody_answered_has_an_instance_called_nobody(tmp_path: Path) -> None:
    path = tmp_path / "requests.csv.gz"
    path.write_bytes(requests_gz([[0, 100, None, 103, 0, "NOT_SENT", "", 0]]))
    fold = fold_requests(path, closed=False, fault=None)
    assert fold.sent == 0
    assert fold.cells["before"]["nobody"].codes == {"NOT_SENT": 1}


def test_rows_are_dealt_to_before_in_and_after_the_fault(tmp_path: Path) -> None:
    path = tmp_path / "requests.csv.gz"
    path.write_bytes(requests_gz(rows(50)))
    fold = fold_requests(path, closed=False, fault=(101.0, 102.0))
    assert {name: sum(cell.ok for cell in cells.values()) for name, cells in fold.cells.items()} == {
        "before": 10,
        "fault": 11,
        "after": 29,
    }


def test_one_large_member_is_read_as_well_as_many_small_ones(tmp_path: Path) -> None:
    """A member that inflates to several reads' worth, with its last bytes pending in the inflater."""
    path = tmp_path / "requests.csv.gz"
    lines = [HEADER, *(",".join(map(str, row)) for row in rows(100_000))]
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    fold = fold_requests(path, closed=False, fault=None)
    assert (fold.rows, fold.seq_max, fold.problems, fold.bad_rows) == (100_000, 99_999, (), 0)


def test_a_monstrous_sequence_number_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "requests.csv.gz"
    path.write_bytes(requests_gz([[10**15, 100, 100, 101, 200, "SUCCESS", "a", 1]]))
    assert fold_requests(path, closed=False, fault=None).bad_rows == 1


def test_series_give_extremes_means_and_what_counters_grew_by() -> None:
    def one(instance: str, values: list[object], **labels: str) -> dict[str, object]:
        metric = {"__name__": "m", "instance": instance, **labels}
        return {"metric": metric, "values": [[n, str(v)] for n, v in enumerate(values)]}

    figures = series_figures(
        Series.from_json(
            {
                "series": [
                    one("a", [0, 5, 10], code="X"),
                    one("a", [1, 1, 1], code="Y"),
                    one("b", [7, 9, 2]),
                    one("b", ["NaN"], le="+Inf"),
                    {"metric": {"__name__": "m_bucket", "instance": "a"}, "values": [[0, "1"]]},
                    {"metric": "nonsense", "values": 5},
                ]
            }
        )
    )
    assert set(figures) == {"m"}
    assert figures["m"]["max"] == 11
    assert figures["m"]["min"] == 1
    assert figures["m"]["mean_max"] == 6
    assert figures["m"]["per_instance"]["b"]["increase"] == 4  # 2 up, then begun again at 2
    assert figures["m"]["increase"] == 14
    assert not math.isnan(figures["m"]["per_instance"]["b"]["mean"])
