"""What a row of a request counts as, to the bound: late, ok, under the fault, or no row at all."""

from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.figures.request_stats import NOBODY, OTHER_CODES, RequestStats, fold_requests
from tests.support.runs import requests_gz

# instants that are exact in binary, so that a bound is met and not missed by rounding
AT = 1024.0


def row(seq: int = 0, due: Any = AT, sent: Any = AT, done: Any = AT + 0.5, **other: Any) -> list[Any]:
    return [
        seq,
        due,
        sent,
        done,
        *({"status": 200, "code": "OK", "instance": "a", "tries": 1} | other).values(),
    ]


def folded(folder: Path, *rows: list[Any], closed: bool = False, fault: Any = None) -> RequestStats:
    path = folder / "requests.csv.gz"
    path.write_bytes(requests_gz(list(rows)))
    return fold_requests(path, closed=closed, fault=fault)


@pytest.mark.parametrize(
    ("bent", "is_a_row"),
    [
        (row(), True),
        (row(seq=-1), False),
        (row(seq=50_000_000), False),
        (row(due=0), False),
        (row(due=-1.0), False),
        (row(due=0.5), True),
        (row(due=AT + 0.0009), True),
        (row(due=AT + 0.0011), False),
        (row(done=AT - 0.0009), True),
        (row(done=AT - 0.0011), False),
        (row(done=1e11), False),
        (row(done=1e10), True),
        (row(sent=None, due=AT), True),
        (row(tries="x"), False),
        (row(tries=""), False),
        (row(status="OK"), False),
        (row(sent="x"), False),
        (row()[:-1], False),
        ([*row(), 1], False),
    ],
)
def test_what_cannot_have_happened_is_no_row(tmp_path: Path, bent: list[Any], is_a_row: bool) -> None:
    """And the row behind it is read all the same."""
    stats = folded(tmp_path, bent, row(seq=1))
    assert (stats.rows, stats.bad_rows) == ((2, 0) if is_a_row else (1, 1))
    assert bool(stats.first_bad_row) is not is_a_row


def test_the_first_row_that_is_none_is_quoted_and_cut(tmp_path: Path) -> None:
    first = row(code="x" * 200, status="bad")
    stats = folded(tmp_path, row(), first, row(status="worse"))
    assert stats.first_bad_row == ",".join(map(str, first))[:120]
    assert stats.bad_rows == 2


@pytest.mark.parametrize(("late_s", "late"), [(0.0, 0), (0.25, 0), (0.2501, 1), (3.0, 1)])
def test_a_request_is_late_that_was_sent_a_quarter_of_a_second_after_it_was_due(
    tmp_path: Path, late_s: float, late: int
) -> None:
    sent = AT + late_s
    stats = folded(tmp_path, row(sent=sent, done=sent + 0.5), row(seq=1, sent=None))
    assert (stats.late, stats.sent, stats.busy_s) == (late, 1, pytest.approx(0.5))


@pytest.mark.parametrize(("status", "ok"), [(0, 0), (199, 0), (200, 1), (299, 1), (300, 0), (503, 0)])
def test_an_answer_is_ok_with_a_status_of_two_hundred_and_some(tmp_path: Path, status: int, ok: int) -> None:
    stats = folded(tmp_path, row(status=status))
    assert (stats.ok, stats.outcome_names) == (ok, [("OK", bool(ok))])
    assert len(stats.recovery_due_at) == 0


@pytest.mark.parametrize(
    ("sent", "window"),
    [(AT - 0.5, "before"), (AT, "fault"), (AT + 2, "fault"), (AT + 2.5, "after")],
)
def test_the_ends_of_the_fault_are_of_the_fault(tmp_path: Path, sent: float, window: str) -> None:
    stats = folded(tmp_path, row(due=sent, sent=sent, done=sent + 4), fault=(AT, AT + 2))
    assert {name for name, cells in stats.cells.items() if cells} == {window}


@pytest.mark.parametrize(("due", "followed"), [(AT + 1, 0), (AT + 1.25, 1), (AT + 9, 1)])
def test_recovery_is_watched_from_a_second_before_the_end_of_the_fault(
    tmp_path: Path, due: float, followed: int
) -> None:
    rows = (row(n, due, due, due + 0.5, status=status) for n, status in enumerate((200, 503)))
    stats = folded(tmp_path, *rows, fault=(AT, AT + 2))
    assert list(stats.recovery_due_at) == [due, due] * followed
    assert list(stats.recovery_bad_due_at) == [due] * followed


def test_rows_are_counted_in_whatever_order_they_are(tmp_path: Path) -> None:
    stats = folded(
        tmp_path,
        row(3, AT + 3, AT + 3, AT + 9),
        row(1, AT + 1, AT + 1, AT + 2, instance="b", code="NO", status=500),
        row(3, AT + 2, AT + 2.5, AT + 5),
        row(2, AT + 4, None, AT + 6, instance="", code="NOT_SENT", status=0),
        row(0, AT + 5, AT + 5, AT + 6, code="NO", status=200),
    )
    assert (stats.rows, stats.doubles, stats.distinct, stats.seq_max) == (5, 1, 4, 3)
    assert (stats.first_due_at, stats.last_due_at, stats.last_done_at) == (AT + 1, AT + 5, AT + 9)
    assert (stats.sent, stats.ok, stats.busy_s) == (4, 3, 10.5)
    assert stats.outcome_names == [("OK", True), ("NO", False), ("NOT_SENT", False), ("NO", True)]
    cells = stats.cells["before"]
    assert set(cells) == {"a", "b", NOBODY}
    assert cells["a"].codes == {"OK": 2, "NO": 1}
    assert list(cells["a"].outcomes) == [0, 0, 3]
    assert list(cells["a"].due_at) == [AT + 3, AT + 2, AT + 5]
    assert list(cells["a"].latencies) == [6.0, 3.0, 1.0]


def test_the_sequence_is_kept_however_far_it_jumps(tmp_path: Path) -> None:
    stats = folded(tmp_path, *(row(seq) for seq in (65_535, 65_536, 65_535, 0, 300_000, 300_000, 65_536)))
    assert (stats.rows, stats.doubles, stats.seq_max) == (7, 3, 300_000)


def test_codes_beyond_a_thousand_share_one_name(tmp_path: Path) -> None:
    rows = (row(n, code=f"C{n}", status=200 if n % 2 else 500) for n in range(1003))
    stats = folded(tmp_path, *rows)
    assert len(stats.outcome_names) == 1002
    assert stats.outcome_names[999:] == [("C999", True), (OTHER_CODES, False), (OTHER_CODES, True)]
    assert list(stats.cells["before"]["a"].outcomes)[-3:] == [1000, 1001, 1000]
    assert len(stats.cells["before"]["a"].codes) == 1003


def test_a_file_without_rows_has_no_instants(tmp_path: Path) -> None:
    stats = folded(tmp_path)
    assert (stats.rows, stats.seq_max, stats.distinct, stats.ok) == (0, -1, 0, 0)
    assert (stats.first_due_at, stats.last_due_at, stats.last_done_at) == (None, None, None)
    problems = fold_requests(tmp_path / "none", closed=False, fault=None).problems
    assert problems == ("there is no such file", "it has no header")
