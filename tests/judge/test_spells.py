"""Spells of a state, disturbances and busy workers: where they begin and end, and what is left out."""

import json
from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.figures.disturbances import disturbances_of
from chaosproof.judge.figures.state_intervals import breaker_bands, log_events, readiness_bands
from chaosproof.judge.figures.utilisation import busy_lines
from chaosproof.runfolder.run_folder import RunFolder, read_run
from chaosproof.runfolder.series import Series
from tests.support.runs import Run, activity, disturbed, ran, resilient_run


def read(run: Run, folder: Path) -> RunFolder:
    del run.rows[1:]
    return read_run(run.write(folder))


def ready(*events: tuple[float, str], instance: str = "app-a-0") -> list[dict[str, Any]]:
    return [{"at": at, "instance": instance, "event": event, "detail": ""} for at, event in events]


def spells(bands: list[dict[str, Any]]) -> list[tuple[str, str, float, float]]:
    return [(band["instance"], band["state"], band["from_at"], band["to_at"]) for band in bands]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([(12, "not_ready"), (13, "ready")], [("not ready", 12, 13)]),
        ([(12, "started"), (13, "ready")], [("starting", 12, 13)]),
        ([(12, "exited"), (13, "started"), (14, "ready")], [("down", 12, 13), ("starting", 13, 14)]),
        ([(12, "killed"), (13, "exited"), (14, "ready")], [("down", 12, 14)]),
        ([(12, "paused"), (13, "resumed")], [("paused", 12, 13)]),
        ([(12, "paused"), (13, "completed"), (14, "resumed")], [("paused", 12, 14)]),
        ([(5, "not_ready"), (12, "ready")], [("not ready", 10, 12)]),
        ([(18, "not_ready"), (25, "ready")], [("not ready", 18, 20)]),
        ([(18, "not_ready")], [("not ready", 18, 20)]),
        ([(5, "not_ready"), (10, "ready"), (20, "not_ready")], []),
        (
            [(5, "not_ready"), (10.25, "ready"), (19.75, "not_ready")],
            [("not ready", 10, 10.25), ("not ready", 19.75, 20)],
        ),
        ([(14, "ready"), (12, "not_ready")], [("not ready", 12, 14)]),
        ([(12.00000049, "not_ready"), (13.0000006, "ready")], [("not ready", 12.0, 13.000001)]),
    ],
)
def test_a_spell_of_not_being_ready_is_cut_to_the_timeline(
    tmp_path: Path, events: list[tuple[float, str]], expected: list[tuple[str, float, float]]
) -> None:
    run = resilient_run()
    run.readiness[:] = ready((12, "not_ready"), (13, "ready"), instance="app-z-9") + ready(*events)
    bands = readiness_bands(read(run, tmp_path), 10, 20)
    assert spells(bands) == [("app-a-0", *spell) for spell in expected]
    assert {(band["of"], band["source"]) for band in bands} <= {("readiness", "readiness.ndjson")}


def test_bands_are_listed_by_instance(tmp_path: Path) -> None:
    run = resilient_run()
    run.readiness[:] = ready((12, "paused"), instance="app-b-0") + ready((13, "paused"))
    assert [band["instance"] for band in readiness_bands(read(run, tmp_path), 10, 20)] == [
        "app-a-0",
        "app-b-0",
    ]


def gauge(name: str, instance: str, *values: tuple[float, Any]) -> dict[str, Any]:
    return {
        "metric": {"__name__": name, "instance": instance},
        "values": [[at, str(value)] for at, value in values],
    }


def test_a_breaker_is_read_from_the_log_and_else_from_the_samples(tmp_path: Path) -> None:
    run = resilient_run()
    lines = [
        "{half",
        "no JSON",
        json.dumps({"event": "breaker", "new": "open"}),
        json.dumps({"at": 11, "new": "open"}),
        json.dumps({"at": 11, "event": "other", "new": "open"}),
        json.dumps({"at": 11, "event": "breaker", "new": ""}),
        json.dumps({"at": 12, "event": "breaker", "new": "half_open"}),
        json.dumps({"at": 14, "event": "breaker", "new": "closed"}),
    ]
    run.raw["artifacts/app-a-0.log"] = b"\xff\n" + "\n".join(lines).encode()
    run.series["series"] = [
        gauge("a_breaker_state", "app-a-0", (11, 2)),
        gauge("a_breaker_state", "app-a-1", (11, 1), (12, 2), (13, 7), (14, 0)),
        gauge("a_breaker_states", "app-b-0", (11, 2)),
    ]
    read_back = read(run, tmp_path)
    bands = breaker_bands(read_back, 10, 20)
    assert spells(bands) == [
        ("app-a-0", "half-open", 12, 14),
        ("app-a-1", "half-open", 11, 12),
        ("app-a-1", "open", 12, 13),
        ("app-a-1", "7.0", 13, 14),
    ]
    assert [band["source"] for band in bands] == ["artifacts/app-a-0.log", *["series.json"] * 3]
    assert {band["of"] for band in bands} == {"breaker"}
    assert [event["at"] for event in log_events(read_back, "app-a-0")] == [11, 11, 12, 14]
    assert list(log_events(read_back, "app-z-9")) == []


def test_busy_is_of_the_counter_where_there_is_one(tmp_path: Path) -> None:
    counter, busy = "b_processing_seconds_sum", "b_busy"
    series = [
        gauge(busy, "app-b-0", (10, 1)),
        gauge(counter, "app-b-1", (9, 0), (10, 0.5), (12, 1), (12, 2), (20, 6), (21, 7)),
        gauge(counter, "app-b-0", (11, 1 / 3), (12, 2 / 3)),
        gauge(counter, "app-b-2", (21, 0), (22, 1)),
    ]
    lines = busy_lines(Series.from_json({"series": series}), 10, 20)
    assert lines == [
        {
            "label": "busy",
            "unit": "ratio",
            "instance": "app-b-0",
            "source": f"series.json#{counter}",
            "at": [12],
            "values": [0.3333],
        },
        {
            "label": "busy",
            "unit": "ratio",
            "instance": "app-b-1",
            "source": f"series.json#{counter}",
            "at": [10, 12, 20],
            "values": [0.5, 0.25, 0.5],
        },
    ]
    gauges = [
        gauge(busy, "app-b-1", (9, 1), (10, 2), (15, -1), (20, 0.5), (21, 1)),
        gauge("b_busy_s", "c", (10, 1)),
    ]
    (line,) = busy_lines(Series.from_json({"series": gauges}), 10, 20)
    assert (line["at"], line["values"]) == ([10, 15, 20], [1.0, 0.0, 0.5])
    assert busy_lines(Series.from_json({}), 10, 20) == []


def test_a_disturbance_is_what_its_service_said_of_its_own_activity(tmp_path: Path) -> None:
    """Another activity, one that does not say when it was, and one without instances do not hide those behind them."""
    run = resilient_run()
    another = activity("another", "chaosproof.actions.app", "disturb", service="app-a")
    said = {"began_at": 5.0, "lasted_s": 1.0}
    run.journal["run"].append(ran(another, said))
    silent = activity("silent", "chaosproof.actions.app", "wait_until_ended", service="app-a")
    run.journal["run"] += [ran(silent, {"began_at": 5.0}), ran(silent, {"lasted_s": 1.0}), ran(silent, said)]
    disturbed(run, 7.0, 0.1234567, B_DELAY_MS=80, B_FAIL_RATE=0.5)
    position = len(run.journal["run"]) - 1
    bare = {"service": "app-a", "delay_ms": None, "fail_ratio": None, "began_at": 5.0, "ended_at": 6.0}
    full = {"service": "app-b", "delay_ms": 80, "fail_ratio": 0.5, "began_at": 7.0, "ended_at": 7.123457}
    assert disturbances_of(read(run, tmp_path)) == [
        bare | {"source": f"journal.json#run[{position - 1}].output"},
        full | {"source": f"journal.json#run[{position}].output"},
    ]
