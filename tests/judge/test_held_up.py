"""A generator that stood still is no slow system: lateness counts where a connection was free."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chaosproof.judge.judge import judge_run
from tests.support.runs import FAULT_AT, FAULT_END, LOAD_AT, Run, resilient_run

STALL_AT = LOAD_AT + 5


def answer(run: Run, folder: Path, id: str = "SYS_LOAD_RATE") -> tuple[str, str]:
    return next((c.status, c.details) for c in judge_run(run.write(folder)).checks if c.id == id)


def stalled(run: Run, lasts_s: float) -> None:
    """Nothing is sent from STALL_AT on, and all that was due meanwhile at once when it ends."""
    for row in run.rows:
        if STALL_AT <= float(row[1]) < STALL_AT + lasts_s:
            row[2], row[3] = f"{STALL_AT + lasts_s:.6f}", f"{STALL_AT + lasts_s + 0.01:.6f}"


def hung(run: Run, lasts_s: float) -> None:
    """The system hangs: the 20 connections are taken, and the others wait for one."""
    due = [row for row in run.rows if STALL_AT <= float(row[1]) < STALL_AT + lasts_s]
    for n, row in enumerate(due):
        row[2] = row[2] if n < 20 else f"{STALL_AT + lasts_s:.6f}"
        row[3] = f"{STALL_AT + lasts_s + 0.01 * (n >= 20):.6f}"


@pytest.mark.parametrize(
    ("bend", "status"),
    [
        (lambda run: stalled(run, 0.6), "pass"),  # 17 of 2,000 are late
        (lambda run: stalled(run, 0.8), "unknown"),
        (lambda run: hung(run, 3.0), "pass"),
    ],
)
def test_requests_that_waited_while_a_connection_was_free_waited_for_the_generator(
    tmp_path: Path, bend: Callable[[Run], object], status: str
) -> None:
    run = resilient_run()
    bend(run)
    found, details = answer(run, tmp_path)
    assert found == status, details
    if status == "unknown":
        assert "the load generator itself held 28 of 2000 requests up for more than 250 ms" in details
        assert "give the load a processor, or ask for a lower rate_rps" in details


def test_in_the_closed_model_a_request_is_due_when_its_connection_is_free(tmp_path: Path) -> None:
    run = resilient_run()
    run.plan["model"] = "closed"
    hung(run, 3.0)
    status, details = answer(run, tmp_path)
    assert status == "unknown"
    assert "the load generator itself held 118 of 2000 requests up for more than 250 ms" in details


@pytest.mark.parametrize(("gap_s", "status"), [(1.4, "pass"), (2.0, "unknown")])
def test_a_generator_that_wrote_no_progress_stood_still(tmp_path: Path, gap_s: float, status: str) -> None:
    run = resilient_run()
    last = run.progress[-1]
    run.progress[:] = [last | {"at": LOAD_AT + t} for t in (0.5, 1.0, 1.0 + gap_s)]
    found, details = answer(run, tmp_path)
    assert found == status, details
    assert status == "pass" or "stood still for 1.5 s: it writes progress twice a second" in details


def test_a_request_is_under_the_fault_when_it_was_sent_under_it(tmp_path: Path) -> None:
    """Due a second before the fault, sent while it was on, and the other way about at its end."""
    run = resilient_run()
    before = judge_run(run.write(tmp_path / "before")).summary["windows"]["fault"]["requests"]
    for row in run.rows:
        if FAULT_AT - 1 <= float(row[1]) < FAULT_AT or FAULT_END - 0.5 < float(row[1]) < FAULT_END + 0.02:
            late_s = 1.1 if float(row[1]) < FAULT_AT else 0.6
            row[2], row[3] = (f"{float(instant) + late_s:.6f}" for instant in row[2:4])
    after = judge_run(run.write(tmp_path / "after")).summary["windows"]["fault"]["requests"]
    assert after == before + 50 - 25
