"""timeline.json agrees with every other file of its run: it is what the report is drawn from."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.figures.timeline import most_within
from chaosproof.judge.judge import judge_run
from chaosproof.report.write import write_verdict
from tests.support.runs import (
    DURATION_S,
    FAULT_AT,
    FAULT_END,
    LOAD_AT,
    RATE_RPS,
    Run,
    baseline_run,
    disturbed,
    resilient_run,
)


def timeline(run: Run, folder: Path) -> dict[str, Any]:
    run.recount()
    written = run.write(folder)
    write_verdict(written, judge_run(written))
    loaded: dict[str, Any] = json.loads((written / "timeline.json").read_text())
    return loaded


def test_every_request_is_in_its_slot_once(tmp_path: Path) -> None:
    shown = timeline(baseline_run(), tmp_path)
    assert (shown["start_at"], shown["slot_s"], shown["slots"]) == (LOAD_AT, 0.1, DURATION_S * 10)
    totals = [sum(counts) for counts in zip(*(one["counts"] for one in shown["requests"]), strict=True)]
    assert totals == [RATE_RPS // 10] * DURATION_S * 10
    found = {(one["instance"], one["code"]): sum(one["counts"]) for one in shown["requests"]}
    assert found == {
        ("app-a-0", "SUCCESS"): 700,
        ("app-a-0", "UNAVAILABLE"): 300,
        ("app-a-1", "SUCCESS"): 1000,
    }


def test_rows_in_any_order_give_the_same_timeline(tmp_path: Path) -> None:
    run = baseline_run()
    expected = timeline(run, tmp_path / "a")
    random.Random(1).shuffle(run.rows)
    assert timeline(run, tmp_path / "b") == expected


def test_each_second_has_its_error_ratio_and_its_percentiles(tmp_path: Path) -> None:
    shown = timeline(baseline_run(), tmp_path)
    ratios = shown["errors"]["ratio"]
    assert len(ratios) == len(shown["latency"]["p99_ms"]) == DURATION_S
    assert set(ratios[10:22]) == {0.5}
    assert set(ratios[:10] + ratios[22:]) == {0}
    assert set(shown["latency"]["p50_ms"]) == {9.0}
    assert set(shown["latency"]["max_ms"]) == {12.0}


def test_the_distribution_ends_where_no_request_lies_beyond(tmp_path: Path) -> None:
    spread = timeline(baseline_run(), tmp_path)["distribution"]
    last = spread["percents"][len(spread["all"]) - 1]
    assert last == 99.95  # one of 2,000
    assert spread["percents"][len(spread["fault"]) - 1] == 99.8  # one of 500
    assert spread["all"] == sorted(spread["all"])
    assert spread["all"][0] == 6.0 and spread["all"][-1] == 12.0


def test_the_fault_is_where_the_ledger_has_it(tmp_path: Path) -> None:
    (fault,) = timeline(baseline_run(), tmp_path)["faults"]
    assert (fault["applied_at"], fault["ended_at"]) == (FAULT_AT, FAULT_END + 0.02)


def test_readiness_is_a_band_from_its_loss_to_its_return(tmp_path: Path) -> None:
    bands = timeline(resilient_run(), tmp_path)["bands"]
    assert bands == [
        {
            "instance": "app-a-0",
            "of": "readiness",
            "state": "not ready",
            "from_at": FAULT_AT + 0.05,
            "to_at": FAULT_END + 0.3,
            "source": "readiness.ndjson",
        }
    ]


def log_of(*events: dict[str, Any]) -> str:
    start = {"at": LOAD_AT - 8.5, "event": "started"}
    return "".join(json.dumps(event) + "\n" for event in (start, *events))


def breaker(at: float, old: str, new: str) -> dict[str, Any]:
    return {"at": at, "event": "breaker", "old": old, "new": new}


OPENED = (
    breaker(FAULT_AT + 0.02, "closed", "open"),
    breaker(FAULT_END + 0.2, "open", "half_open"),
    breaker(FAULT_END + 0.25, "half_open", "closed"),
)


def test_breaker_states_are_bands_as_the_instances_log_has_them(tmp_path: Path) -> None:
    run = resilient_run()
    run.artifacts["app-a-0.log"] = log_of(*OPENED) + "not json\n{half\n[1]\n"
    bands = [band for band in timeline(run, tmp_path)["bands"] if band["of"] == "breaker"]
    assert [(band["state"], band["from_at"], band["to_at"]) for band in bands] == [
        ("open", FAULT_AT + 0.02, FAULT_END + 0.2),
        ("half-open", FAULT_END + 0.2, FAULT_END + 0.25),
    ]
    assert {band["source"] for band in bands} == {"artifacts/app-a-0.log"}


def test_breaker_states_are_read_from_prometheus_where_the_log_is_silent(tmp_path: Path) -> None:
    run = resilient_run()
    values = [[LOAD_AT + t, "2" if 10 <= t < 20 else "0"] for t in range(40)]
    run.series["series"].append(
        {"metric": {"__name__": "a_breaker_state", "instance": "app-a-1"}, "values": values}
    )
    (band,) = (band for band in timeline(run, tmp_path)["bands"] if band["of"] == "breaker")
    assert (band["instance"], band["state"], band["source"]) == ("app-a-1", "open", "series.json")
    assert (band["from_at"], band["to_at"]) == (LOAD_AT + 10, LOAD_AT + 20)


def test_a_band_that_never_ends_ends_with_the_timeline(tmp_path: Path) -> None:
    run = resilient_run()
    run.artifacts["app-a-0.log"] = log_of(OPENED[0])
    shown = timeline(run, tmp_path)
    assert next(band for band in shown["bands"] if band["of"] == "breaker")["to_at"] == shown["end_at"]


def test_how_busy_a_worker_was_is_what_its_counter_grew_by(tmp_path: Path) -> None:
    run = resilient_run()
    # a quarter busy, then begun again from 0, then more than a second of work in a second
    values = [[LOAD_AT + n, value] for n, value in enumerate(("5", "5.25", "5.5", "0.25", "2.25"))]
    metric = {"__name__": "b_processing_seconds_sum", "instance": "app-b-1"}
    run.series["series"].append({"metric": metric, "values": values})
    (line,) = timeline(run, tmp_path)["lines"]
    assert (line["instance"], line["values"]) == ("app-b-1", [0.25, 0.25, 0.25, 1.0])


def test_a_gauge_of_being_busy_stands_in_for_the_counter(tmp_path: Path) -> None:
    run = resilient_run()
    metric = {"__name__": "b_busy", "instance": "app-b-1"}
    run.series["series"].append({"metric": metric, "values": [[LOAD_AT, "1"], [LOAD_AT + 1, "0"]]})
    (line,) = timeline(run, tmp_path)["lines"]
    assert (line["source"], line["values"]) == ("series.json#b_busy", [1.0, 0.0])


def test_a_recovery_is_split_into_what_the_transport_took_and_what_the_breaker_took(tmp_path: Path) -> None:
    run = resilient_run()
    run.fault.update(ended_at=FAULT_END)
    run.artifacts["app-a-0.log"] = log_of(
        *OPENED[:1], {"at": FAULT_END + 0.15, "event": "channel", "slot": 0, "state": "ready"}, *OPENED[1:]
    )
    timeline(run, tmp_path)
    recovery = json.loads((tmp_path / "summary.json").read_text())["recovery"]
    assert recovery["transport_s"] == pytest.approx(0.15)
    assert recovery["breaker_s"] == pytest.approx(0.10)


def test_probes_that_closed_the_breaker_are_a_sign_that_the_transport_was_back(tmp_path: Path) -> None:
    run = resilient_run()
    run.fault.update(ended_at=FAULT_END)
    run.artifacts["app-a-0.log"] = log_of(
        OPENED[0],
        # these probes failed, so they are no sign
        breaker(FAULT_END + 0.05, "open", "half_open"),
        breaker(FAULT_END + 0.06, "half_open", "open"),
        *OPENED[1:],
    )
    timeline(run, tmp_path)
    recovery = json.loads((tmp_path / "summary.json").read_text())["recovery"]
    assert recovery["transport_s"] == pytest.approx(0.2)
    assert recovery["breaker_s"] == pytest.approx(0.05)


def test_without_a_breaker_the_transport_took_all_of_it(tmp_path: Path) -> None:
    """The first request that the hit instance answered ok after the fault is the sign, 2 s later."""
    run = baseline_run()
    run.fault.update(ended_at=FAULT_END)
    metric = {"__name__": "a_breaker_state", "instance": "app-a-0"}
    run.series["series"].append({"metric": metric, "values": [[LOAD_AT, "0"], [LOAD_AT + 30, "0"]]})
    timeline(run, tmp_path)
    recovery = json.loads((tmp_path / "summary.json").read_text())["recovery"]
    assert recovery["transport_s"] == pytest.approx(2.0, abs=0.05)
    assert recovery["breaker_s"] == 0


def test_an_instance_that_tells_nothing_of_a_breaker_has_no_such_figure(tmp_path: Path) -> None:
    timeline(baseline_run(), tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text())["recovery"]["breaker_s"] is None


def test_the_worst_second_is_the_worst_of_all_that_begin_at_a_slot(tmp_path: Path) -> None:
    assert most_within([0, 3, 4, 0, 9, 0], 2) == 9
    assert most_within([0, 3, 4, 3, 0, 0], 3) == 10
    assert most_within([7], 10) == 7
    timeline(baseline_run(), tmp_path)
    peak = json.loads((tmp_path / "summary.json").read_text())["peak"]
    assert peak == {"errors_1s": RATE_RPS // 2, "p99_ms": 12.0}


def test_a_long_run_has_longer_slots_and_a_report_below_3_megabytes(tmp_path: Path) -> None:
    """Four hours at two requests a second, with 24 codes on two instances."""
    run = resilient_run()
    run.rows[:] = [
        [
            n,
            LOAD_AT + n / 2,
            LOAD_AT + n / 2,
            LOAD_AT + n / 2 + 0.01,
            200 if n % 24 else 503,
            f"C{n % 24}",
            f"a-{n % 2}",
            1,
        ]
        for n in range(28_800)
    ]
    shown = timeline(run, tmp_path)
    assert shown["slots"] <= 6_000 and shown["slot_s"] == shown["step_s"] == 5.0
    assert sum(sum(one["counts"]) for one in shown["requests"]) == 28_800
    assert (tmp_path / "report.html").stat().st_size < 3_000_000


def test_garbage_with_a_name_in_every_row_stays_small(tmp_path: Path) -> None:
    run = resilient_run()
    for row in run.rows:
        row[5], row[6] = f"CODE_{row[0]}", f"instance-{row[0]}"
    shown = timeline(run, tmp_path)
    assert len(shown["requests"]) < 24 * 24 + 100
    assert sum(sum(one["counts"]) for one in shown["requests"]) == 2000
    assert "others" in {one["instance"] for one in shown["requests"]}


def test_a_run_without_requests_has_an_empty_timeline_and_a_report_that_says_so(tmp_path: Path) -> None:
    run = resilient_run()
    run.without.add("requests.csv.gz")
    folder = run.write(tmp_path)
    write_verdict(folder, judge_run(folder))
    shown = json.loads((folder / "timeline.json").read_text())
    assert (shown["slots"], shown["requests"], shown["errors"]["ratio"]) == (0, [], [])
    assert "nothing to plot" in (folder / "report.html").read_text()


def test_a_disturbance_is_shown_from_when_to_when_its_service_said(tmp_path: Path) -> None:
    assert timeline(baseline_run(), tmp_path / "none")["disturbances"] == []
    (shown,) = timeline(disturbed(baseline_run(), LOAD_AT + 3, 30, FAIL_RATE=0.3), tmp_path / "one")[
        "disturbances"
    ]
    assert shown == {
        "service": "app-b",
        "delay_ms": None,
        "fail_ratio": 0.3,
        "began_at": LOAD_AT + 3,
        "ended_at": LOAD_AT + 33,
        "source": "journal.json#run[3].output",
    }


def test_a_disturbance_that_was_not_seen_to_end_is_not_shown(tmp_path: Path) -> None:
    run = disturbed(baseline_run(), LOAD_AT + 3, 30, FAIL_RATE=0.3)
    run.journal["run"][-1].update(status="failed", output=None)
    assert timeline(run, tmp_path)["disturbances"] == []
