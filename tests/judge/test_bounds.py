"""Where a bound lies, to the moment: what is just within it passes, what is just beyond it does not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chaosproof.judge.judge import judge_run
from tests.support.runs import FAULT_AT, FAULT_END, T0, Run, resilient_run

Bend = Callable[[Run], object]


def says(run: Run, folder: Path, id: str) -> tuple[str, str]:
    return next((c.status, c.details) for c in judge_run(run.write(folder)).checks if c.id == id)


def later(run: Run, by_s: float) -> None:
    """The fault goes on so much later, towards the end of the load."""
    for key in ("planned_at", "applied_at", "expires_at", "ended_at"):
        run.fault[key] += by_s


@pytest.mark.parametrize(
    ("bend", "id", "status", "words"),
    [
        (lambda r: r.fault.update(ended_at=FAULT_END + 0.5), "SYS_FAULT_ENDED", "pass", "ended +0.500 s"),
        (
            lambda r: r.fault.update(ended_at=FAULT_END + 0.51),
            "SYS_FAULT_ENDED",
            "fail",
            "reset on app-a-0 ended 0.51 s after its deadline",
        ),
        (
            lambda r: r.fault.update(ended_at=FAULT_END + 3, on_at=FAULT_END + 0.51),
            "SYS_FAULT_ENDED",
            "fail",
            "ended 3.00 s after its deadline",
        ),
        (
            lambda r: r.fault.update(ended_at=FAULT_END + 3, on_at=FAULT_END - 1),
            "SYS_FAULT_ENDED",
            "unknown",
            "was seen to have ended only 3.00 s after its deadline, and nobody had looked for 4.00 s: run it where",
        ),
        (lambda r: r.fault.update(ended_at=FAULT_END - 0.5), "SYS_FAULT_ENDED", "pass", "ended -0.500 s"),
        (
            lambda r: r.fault.update(ended_at=FAULT_END - 0.51),
            "SYS_FAULT_ENDED",
            "fail",
            "ended 0.51 s before its deadline, and nobody healed it",
        ),
        (
            lambda r: r.fault.update(ended_at=FAULT_AT, healed=True),
            "SYS_FAULT_ENDED",
            "fail",
            "ended 10.00 s before its deadline, and nobody healed it",
        ),
        (
            lambda r: r.fault.update(ended_at=FAULT_AT - 0.01, ended_by="heal"),
            "SYS_FAULT_ENDED",
            "fail",
            "ended before it went on",
        ),
        (lambda r: r.fault.update(planned_s=0), "SYS_FAULT_ENDED", "fail", "has no planned duration"),
        (lambda r: r.fault.update(expires_at=FAULT_END + 0.5), "SYS_FAULT_ENDED", "pass", "by kernel"),
        (
            lambda r: r.fault.update(expires_at=FAULT_END + 0.6),
            "SYS_FAULT_ENDED",
            "fail",
            "was to expire after 10.60 s, planned 10 s",
        ),
        (lambda r: later(r, 24), "SYS_FAULT_HIT", "pass", "reset on app-a-0"),
        (
            lambda r: later(r, 26),
            "SYS_FAULT_HIT",
            "unknown",
            "the load was on for 3.98 of the 10.00 s of reset on app-a-0",
        ),
        (lambda r: r.fault.update(packets=1), "SYS_FAULT_HIT", "pass", "reset on app-a-0: 1 packets hit"),
        (lambda r: thin(r, 1900), "SYS_LOAD_RATE", "pass", "47.5 of 50 requests/s were sent (95.0%)"),
        (lambda r: thin(r, 1899), "SYS_LOAD_RATE", "fail", "47.5 of 50"),
    ],
)
def test_what_is_within_a_bound_passes_and_what_is_beyond_does_not(
    tmp_path: Path, bend: Bend, id: str, status: str, words: str
) -> None:
    run = resilient_run()
    bend(run)
    found, details = says(run, tmp_path, id)
    assert found == status, details
    assert words in details


def thin(run: Run, kept: int) -> None:
    """As many of the planned requests as this were sent."""
    del run.rows[kept:]
    run.recount()


@pytest.mark.parametrize(
    ("event", "is_a_sign"),
    [
        ({"event": "channel", "state": "ready"}, True),
        ({"event": "ready"}, True),
        ({"event": "channel", "state": "connecting"}, False),
        ({"event": "pool", "state": "ready"}, False),
    ],
)
def test_what_an_instance_logs_is_a_sign_of_its_return_or_is_none(
    tmp_path: Path, event: dict[str, str], is_a_sign: bool
) -> None:
    run = resilient_run()
    run.fault.update(ended_at=FAULT_END)
    run.artifacts["app-a-0.log"] = "".join(
        json.dumps({"at": at, **said}) + "\n"
        for at, said in (
            (T0 + 1.5, {"event": "started"}),
            (FAULT_END - 0.1, {"event": "ready"}),
            (FAULT_END + 0.05, event),
        )
    )
    transport_s = judge_run(run.write(tmp_path)).summary["recovery"]["transport_s"]
    assert (transport_s == pytest.approx(0.05)) is is_a_sign


@pytest.mark.parametrize(
    ("moved_s", "status"), [(1.0, "pass"), (-1.0, "pass"), (1.01, "fail"), (-1.01, "fail")]
)
def test_a_clock_that_went_another_way_than_time_proves_nothing(
    tmp_path: Path, moved_s: float, status: str
) -> None:
    run = resilient_run()
    run.session["clock_moved_s"] = moved_s
    found, details = says(run, tmp_path, "SYS_SESSION_COMPLETE")
    assert found == status, details
    way = "forward" if moved_s > 0 else "back"
    assert status == "pass" or f"the clock was set {way} by 1.0 s during the run" in details
