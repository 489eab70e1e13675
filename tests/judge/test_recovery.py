"""Recovery, figures of series and percentiles, each at its bound and by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.figures.recovery import errors_recovery, ready_recovery_s
from chaosproof.judge.figures.recovery_phases import recovery_split
from chaosproof.judge.figures.request_stats import fold_requests
from chaosproof.judge.figures.series_figures import series_figures
from chaosproof.judge.figures.summary import acted, fault_span, figures_of, percentile_ms
from chaosproof.judge.figures.timeline import peak_of, timeline_of
from chaosproof.runfolder.readiness import ReadinessRow
from chaosproof.runfolder.run_folder import RunFolder, read_run
from chaosproof.runfolder.series import Series
from tests.support.runs import FAULT_AT, FAULT_END, LOAD_AT, Run, requests_gz, resilient_run

END = 1024.0


@pytest.mark.parametrize(
    ("events", "recovery_s"),
    [
        ([(1000, "ready")], 0.0),
        ([(1000, "ready"), (1016, "not_ready"), (1025, "ready")], 1.0),
        ([(1000, "ready"), (1016, "not_ready"), (1020, "ready")], 0.0),
        ([(1000, "ready"), (1001, "not_ready"), (1008, "ready")], 0.0),
        ([(1000, "ready"), (1001, "not_ready"), (1030, "ready")], 6.0),
        ([(1016, "exited"), (1017, "started"), (1026, "ready")], 2.0),
        ([(1016, "killed"), (1026, "ready")], 2.0),
        ([(1016, "paused"), (1026, "ready")], 0.0),
        ([(1025, "not_ready"), (1027, "ready")], 3.0),
        ([(1000, "ready"), (1025.01, "not_ready"), (1027, "ready")], 0.0),
        ([(1016, "not_ready"), (1025.5, "started"), (1027, "ready")], 3.0),
        ([(1016, "not_ready"), (1027, "ready"), (1028, "not_ready"), (1029, "ready")], 3.0),
        ([(1016, "not_ready"), (1025, "ready"), (1026, "ready")], 1.0),
        ([(1016, "not_ready")], None),
        ([], None),
        ([(None, "not_ready"), (1000, "ready")], 0.0),
    ],
)
def test_an_instance_has_recovered_when_it_is_ready_again(
    events: list[tuple[float | None, str]], recovery_s: float | None
) -> None:
    """The fault was on from 1008 to 1024. What another instance did is not its own."""
    rows = [ReadinessRow.from_json({"at": at, "event": event, "instance": "a"}) for at, event in events]
    rows.insert(0, ReadinessRow.from_json({"at": 1016, "event": "not_ready", "instance": "b"}))
    assert ready_recovery_s(reversed(rows), "a", 1008.0, END) == recovery_s


def due(first: float, last: float) -> list[float]:
    """A request each sixteenth of a second."""
    return [first + n / 16 for n in range(int((last - first) * 16) + 1)]


def test_recovery_needs_five_seconds_within_bounds_before_the_last_request() -> None:
    bad = [END - 0.5, END + 0.5]
    found = errors_recovery(END, due(END - 1, END + 6.5), bad)
    assert (found.recovery_s, found.at_least_s, found.observed_s) == (1.5, 1.5, 6.5)
    short = errors_recovery(END, due(END - 1, END + 6.4375), bad)
    assert (short.recovery_s, short.at_least_s, short.observed_s) == (None, 1.5, 6.4375)
    none = errors_recovery(END, [END], [])
    assert (none.recovery_s, none.at_least_s, none.observed_s) == (None, None, 0.0)


def test_a_second_without_requests_is_no_proof_of_health() -> None:
    gap = [*due(END - 1, END + 2), *due(END + 4, END + 10)]
    assert errors_recovery(END, gap, []).recovery_s == 4.0


@pytest.mark.parametrize(
    ("count", "percent", "rank"),
    [(1, 50, 1), (2, 50, 1), (3, 50, 2), (100, 99, 99), (101, 99, 100), (200, 95, 190)],
)
def test_a_percentile_is_of_the_nearest_rank_and_to_the_microsecond(
    count: int, percent: float, rank: int
) -> None:
    ordered = [n / 8 for n in range(1, count + 1)]
    assert percentile_ms(ordered, percent) == rank / 8 * 1000
    assert percentile_ms([0.0012345678], 100) == 1.235


def metric(name: str, instance: str, *values: tuple[float, Any], **labels: str) -> dict[str, Any]:
    return {
        "metric": {"__name__": name, "instance": instance, **labels},
        "values": [[at, str(value)] for at, value in values],
    }


def test_figures_of_series_are_of_each_instance_and_of_all() -> None:
    series = [
        {"metric": {"instance": "a"}, "values": [[1, "5"]]},
        metric("m_bucket", "a", (1, 5)),
        metric("m", "b", (3, 2), (1, 4), (2, 8)),
        metric("m", "a", (1, 1), (2, 1), code="X"),
        metric("m", "a", (2, 3), (3, 3), code="Y"),
        metric("empty", "a"),
        metric("same", "a", (1, 5), (2, 5), (3, 6)),
    ]
    assert series_figures(Series.from_json({"series": series})) == {
        "empty": {},
        "same": {
            "min": 5,
            "max": 6,
            "mean_min": 16 / 3,
            "mean_max": 16 / 3,
            "increase": 1,
            "per_instance": {"a": {"min": 5, "max": 6, "mean": 16 / 3, "last": 6, "increase": 1}},
        },
        "m": {
            "min": 1,
            "max": 8,
            "mean_min": 8 / 3,
            "mean_max": 14 / 3,
            "increase": 12,
            "per_instance": {
                "a": {"min": 1, "max": 4, "mean": 8 / 3, "last": 3, "increase": 6},
                "b": {"min": 2, "max": 8, "mean": 14 / 3, "last": 2, "increase": 6},
            },
        },
    }


def read(run: Run, folder: Path) -> RunFolder:
    return read_run(run.write(folder))


def split(
    run: Run, folder: Path, *events: dict[str, Any], answered: bool = False
) -> tuple[float | None, float | None]:
    """With no row after the fault, but for two of app-a-0 where it `answered`."""
    run.rows[:] = [row for row in run.rows if float(row[1]) < FAULT_AT]
    for n, (status, after_s) in enumerate(((503, 0.5), (200, 1.0), (200, 1.5)) if answered else ()):
        at = FAULT_END + after_s
        run.rows.append([500 + n, at, at, at + 0.25, status, f"C{status}", "app-a-0", 1])
    run.artifacts["app-a-0.log"] = "".join(json.dumps(event) + "\n" for event in events)
    found = read(run, folder)
    stats = fold_requests(folder / "requests.csv.gz", closed=False, fault=(FAULT_AT, FAULT_END))
    return recovery_split(found, stats, "app-a-0", FAULT_END)


def breaker(after_s: float, new: str) -> dict[str, Any]:
    return {"at": FAULT_END + after_s, "event": "breaker", "new": new}


def ready(after_s: float) -> dict[str, Any]:
    return {"at": FAULT_END + after_s, "event": "ready"}


OPEN = breaker(-5, "open")


@pytest.mark.parametrize(
    ("events", "answered", "parts"),
    [
        ([], False, (None, None)),
        ([], True, (1.25, None)),
        ([ready(2)], True, (1.25, None)),
        ([ready(0.5)], True, (0.5, None)),
        ([ready(0)], False, (0.0, None)),
        ([ready(-0.5), ready(3)], False, (3.0, None)),
        ([OPEN, breaker(-2, "closed"), ready(1)], False, (1.0, 0.0)),
        ([OPEN, breaker(2, "half_open"), breaker(3, "closed")], False, (2.0, 1.0)),
        ([OPEN, breaker(2, "half_open"), breaker(3, "open"), breaker(4, "closed")], False, (4.0, 0.0)),
        ([OPEN, breaker(2, "closed")], False, (2.0, 0.0)),
        ([OPEN, ready(1)], False, (1.0, None)),
        ([OPEN], False, (None, None)),
        ([OPEN, breaker(0, "closed"), breaker(1, "open"), breaker(3, "closed")], False, (0.0, 0.0)),
        ([OPEN, ready(1), breaker(4, "closed"), breaker(5, "open"), breaker(6, "closed")], False, (1.0, 3.0)),
        ([breaker(0, "open"), ready(1), breaker(4, "closed")], False, (1.0, 3.0)),
    ],
)
def test_the_transport_came_back_first_and_the_breaker_took_the_rest(
    tmp_path: Path, events: list[dict[str, Any]], answered: bool, parts: tuple[float | None, float | None]
) -> None:
    assert split(resilient_run(), tmp_path, *events, answered=answered) == parts


def test_a_breaker_that_was_watched_and_never_opened_took_nothing(tmp_path: Path) -> None:
    run = resilient_run()
    run.series["series"].append(metric("a_breaker_state", "app-a-0", (FAULT_AT, 0)))
    assert split(run, tmp_path, ready(1)) == (1.0, 0.0)


def test_the_span_of_faults_is_from_the_first_to_the_last(tmp_path: Path) -> None:
    run = resilient_run()
    del run.rows[1:]
    row = run.fault
    run.faults[:] = [
        row | {"id": "never", "applied_at": None, "ended_at": None},
        row | {"id": "late", "applied_at": FAULT_AT + 5, "ended_at": FAULT_AT + 6},
        row | {"id": "long", "applied_at": FAULT_AT, "ended_at": FAULT_AT + 9.1234567},
    ]
    found = read(run, tmp_path)
    assert [fault.id for fault in acted(found)] == ["long", "late"]
    assert fault_span(found) == (FAULT_AT, FAULT_AT + 9.1234567)
    stats = fold_requests(tmp_path / "requests.csv.gz", closed=False, fault=fault_span(found))
    figures = figures_of(found, stats)
    assert figures.fault is not None
    assert (figures.fault["id"], figures.fault["actual_s"]) == ("long", 9.123457)
    assert [fault["actual_s"] for fault in figures.faults] == [None, 1.0, 9.123457]
    assert figures.load["duration_s"] == 40


def rows_of(*rows: tuple[float, int, str, float], folder: Path, run: Run) -> RunFolder:
    """Due so long after the load began, with this status, by whom, and its latency."""
    run.raw["requests.csv.gz"] = requests_gz(
        [
            [n, LOAD_AT + t, LOAD_AT + t, LOAD_AT + t + took, status, f"C{status}", who, 1]
            for n, (t, status, who, took) in enumerate(rows)
        ]
    )
    return read(run, folder)


def test_the_p99_of_a_code_is_of_its_own_requests(tmp_path: Path) -> None:
    """Of 200 ok answers two are longer than it, of one refusal none."""
    rows = [(n / 8, 200, "a" if n % 2 else "b", (n + 1) / 1024) for n in range(200)]
    found = rows_of(*rows, (1.0, 503, "a", 0.5), folder=tmp_path, run=resilient_run())
    stats = fold_requests(tmp_path / "requests.csv.gz", closed=False, fault=None)
    p99 = figures_of(found, stats).load["p99_ms_by_code"]
    assert p99 == {"C200": round(198 / 1.024, 3), "C503": 500.0}
    assert list(p99) == ["C200", "C503"]


@pytest.mark.parametrize(
    ("span_s", "slot_s", "slots", "step_s"),
    [
        (0.05, 0.1, 1, 1.0),
        (0.1, 0.1, 2, 1.0),
        (59.95, 0.1, 600, 1.0),
        (600, 0.1, 6001, 1.0),
        (600.5, 0.2, 3003, 1.0),
        (1200, 0.2, 6001, 1.0),
        (1200.5, 0.5, 2402, 1.0),
        (6000, 1.0, 6001, 1.0),
        (6001, 2.0, 3001, 2.0),
        (359_999, 60.0, 6000, 60.0),
        (366_000, 366_000 / 5999, 6000, 366_000 / 5999),
    ],
)
def test_slots_are_as_long_as_a_long_run_needs(
    tmp_path: Path, span_s: float, slot_s: float, slots: int, step_s: float
) -> None:
    found = rows_of((0, 200, "a", 0.5), (span_s, 503, "b", 0.25), folder=tmp_path, run=resilient_run())
    stats = fold_requests(tmp_path / "requests.csv.gz", closed=False, fault=None)
    shown = timeline_of(found, stats)
    assert (shown["slot_s"], shown["slots"], shown["step_s"]) == (slot_s, slots, step_s)
    first, last = shown["requests"]
    assert (first["instance"], first["code"], first["ok"], first["counts"][0]) == ("a", "C200", True, 1)
    assert (last["instance"], last["code"], last["ok"], last["counts"][-1]) == ("b", "C503", False, 1)
    assert shown["end_at"] == round(LOAD_AT + slots * slot_s, 6)
    errors, peak = shown["errors"]["ratio"], peak_of(shown)
    assert errors[-1] == (0.5 if span_s < 1 else 1.0)
    assert peak["errors_1s"] == (1 if slot_s <= 1 else None)
    assert peak["p99_ms"] == 500.0
    assert shown["latency"]["max_ms"][-1] == (500.0 if span_s < 1 else 250.0)


def test_an_error_ratio_is_given_to_the_millionth(tmp_path: Path) -> None:
    found = rows_of(
        *[(0.0, status, "a", 0.5) for status in (200, 200, 503)], folder=tmp_path, run=resilient_run()
    )
    stats = fold_requests(tmp_path / "requests.csv.gz", closed=False, fault=None)
    assert timeline_of(found, stats)["errors"]["ratio"] == [0.333333]
