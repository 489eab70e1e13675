"""Which end of an instance is a death, and what is said of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.asked import answer
from tests.support.runs import T0, Run, resilient_run

Bend = Callable[[Run], object]


def state(run: Run, name: str = "app-b-1", **bent: Any) -> None:
    run.session["states"][name] = {"alive": True, "restarts": 0, "deaths": 0, "stops": 0} | bent


def saw(run: Run, *events: str, detail: str = "", name: str = "app-b-1") -> None:
    run.readiness += [{"at": T0 + 20, "instance": name, "event": event, "detail": detail} for event in events]


LIVED = "all 5 instances lived, or were ended on purpose"


@pytest.mark.parametrize(
    ("bend", "status", "details"),
    [
        (lambda r: None, "pass", LIVED),
        (lambda r: (state(r, alive=False, stops=1), saw(r, "exited")), "pass", LIVED),
        (lambda r: (state(r, stops=2), saw(r, "exited", "exited")), "pass", LIVED),
        (
            lambda r: (state(r, stops=2), saw(r, *["exited"] * 3)),
            "fail",
            "app-b-1 was seen to exit 3 times, and was stopped 2",
        ),
        (lambda r: saw(r, "exited"), "fail", "app-b-1 was seen to exit 1 time, and was stopped 0"),
        (lambda r: state(r, stops=None), "pass", LIVED),
        (lambda r: state(r, alive=False), "fail", "app-b-1 is not alive, and nobody stopped it"),
        (lambda r: state(r, alive=None), "unknown", "the state of app-b-1 at the end is not known"),
        (
            lambda r: (state(r, "app-a-0", deaths=None), state(r, deaths=2)),
            "fail",
            "app-b-1 died 2 times without being asked to",
        ),
        (
            lambda r: (state(r, deaths=1), saw(r, "exited", detail="exit code 0")),
            "fail",
            "app-b-1 died 1 time without being asked to: exit code 0; if app-b-1 is to end by itself, its service is "
            "`one_shot: true`",
        ),
        (
            lambda r: (state(r, deaths=1, stops=1), saw(r, "exited", detail="exit code 0")),
            "fail",
            "app-b-1 died 1 time without being asked to: exit code 0",
        ),
        (
            lambda r: (
                state(r, deaths=1),
                saw(r, "exited", detail="exit code 1"),
                saw(r, "exited", detail="x"),
            ),
            "fail",
            "app-b-1 died 1 time without being asked to: exit code 1",
        ),
        (
            lambda r: saw(r, "completed"),
            "fail",
            "app-b-1 was ready to serve, and is said to have completed as a one-shot service",
        ),
        (
            lambda r: (state(r, "new-1"), state(r, "new-0")),
            "pass",
            f"{LIVED}; new-0, new-1 came while the run was on",
        ),
        (
            lambda r: state(r, "new-0", deaths=1),
            "fail",
            "new-0 died 1 time without being asked to",
        ),
    ],
)
def test_an_instance_lived_or_was_ended_on_purpose(
    tmp_path: Path, bend: Bend, status: str, details: str
) -> None:
    run = resilient_run()
    bend(run)
    assert answer(run, tmp_path, "SYS_INSTANCES") == (status, details, "session.json#states")


def test_an_instance_that_was_ready_is_no_one_shot_service(tmp_path: Path) -> None:
    """Whether or not the target saw it start."""
    run = resilient_run()
    run.readiness[:] = [event for event in run.readiness if event["instance"] != "app-b-1"]
    saw(run, "ready", "completed")
    said = "app-b-1 was ready to serve, and is said to have completed as a one-shot service"
    assert answer(run, tmp_path, "SYS_INSTANCES") == ("fail", said, "session.json#states")
