"""A fault that nobody met proves nothing, however many packets it hit: those may be of health checks."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chaosproof.judge.judge import judge_run
from tests.support.runs import FAULT_AT, FAULT_END, T0, Run, activity, ran, requests_gz, resilient_run

Bend = Callable[[Run], object]


def hit(run: Run, folder: Path) -> tuple[str, str]:
    return next((c.status, c.details) for c in judge_run(run.write(folder)).checks if c.id == "SYS_FAULT_HIT")


def everything_to_the_other(run: Run, since: float = 0.0) -> None:
    for row in run.rows:
        if float(row[1]) >= since and row[4] == 200:
            row[6] = "app-a-1"


def out_of_use(run: Run) -> None:
    """The hit instance answered nothing before the fault, and the two errors came from nobody."""
    everything_to_the_other(run)
    for row in run.rows:
        row[6] = row[6] if row[4] == 200 else ""


def begun_under_the_fault(run: Run) -> None:
    """The load began when the fault was on: every request before its end is of the other instance."""
    out_of_use(run)
    run.fault.update(
        applied_at=run.fault["applied_at"] - 10, expires_at=FAULT_END - 10, ended_at=FAULT_END - 10
    )
    rows = [[n, T0 + 3, T0 + 3, T0 + 3.1, 200, "SUCCESS", "app-a-0", 1] for n in range(3)]
    run.raw["warmup/requests.csv.gz"] = requests_gz(rows)


def of_a_service_that_answers_nobody(run: Run) -> None:
    run.fault.update(instance="app-b-1")
    run.session["variables"].pop("fault_instance")
    run.experiment["extensions"] = []


@pytest.mark.parametrize(
    ("bend", "status"),
    [
        (out_of_use, "unknown"),
        (begun_under_the_fault, "pass"),
        (lambda run: everything_to_the_other(run, since=FAULT_AT - 5), "pass"),
        (of_a_service_that_answers_nobody, "pass"),
    ],
)
def test_an_instance_that_answered_nothing_before_and_under_the_fault_was_in_nobodys_way(
    tmp_path: Path, bend: Bend, status: str
) -> None:
    run = resilient_run()
    bend(run)
    answer, details = hit(run, tmp_path)
    assert answer == status, details
    if status == "unknown":
        assert "reset on app-a-0 met nobody: of 999 requests that were answered before it" in details
        assert "give the load more connections, or time before the fault (at_s)" in details


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


@pytest.mark.parametrize(
    ("module", "began_at", "ended_at", "status"),
    [
        ("probes.fault", FAULT_AT + 1, FAULT_AT + 2, "pass"),
        ("tests.k6", FAULT_AT - 5, FAULT_END + 5, "pass"),
        ("probes.fault", FAULT_AT - 5, FAULT_AT - 4, "unknown"),
        ("probes.fault", FAULT_END + 4, FAULT_END + 5, "unknown"),
        ("probes.readiness", FAULT_AT + 1, FAULT_AT + 2, "unknown"),
    ],
)
def test_without_a_load_some_activity_must_run_under_the_fault(
    tmp_path: Path, module: str, began_at: float, ended_at: float, status: str
) -> None:
    run = resilient_run()
    call = activity("a call", module, "connect", instance="app-a-0")
    run.journal["run"][:] = [
        run.journal["run"][1] | {"start": iso(FAULT_AT), "end": iso(FAULT_AT + 0.1)},
        ran(call, {}) | {"start": iso(began_at), "end": iso(ended_at)},
    ]
    run.experiment["method"][:] = [run.experiment["method"][1], call]
    run.experiment["extensions"][0]["no_fault"] = ["a call"]
    run.without.update({"requests.csv.gz", "load-plan.json", "load-done.json", "load-progress.ndjson"})
    answer, details = hit(run, tmp_path)
    assert answer == status, details
    if status == "unknown":
        assert (
            "no load was on, and no other activity ran meanwhile, so its 412 packets may be health checks"
            in details
        )
