"""Where the bounds lie of what the session says of itself: its end, its clock, its own log."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.event_rules.session_in_log import begun_objects, ready_objects, saved_objects
from chaosproof.runfolder.run_folder import read_run
from chaosproof.runfolder.session import begun_data
from tests.support.asked import answer
from tests.support.runs import ENDED_AT, T0, Run, metrics, resilient_run

Bend = Callable[[Run], object]


def progress(run: Run, *instants: float | None) -> None:
    run.progress[:] = [{"at": at} for at in instants]


MOVED = "the clock was moved back by {:.1f} s during the run, by {}"


@pytest.mark.parametrize(
    ("bend", "status", "details"),
    [
        (lambda r: None, "pass", "the session ended by itself"),
        (lambda r: r.session.update(ended_at=T0), "pass", "the session ended by itself"),
        (lambda r: r.session.update(ended_at=T0 - 0.25), "fail", "the session ended 0.2 s before it started"),
        (
            lambda r: r.session.update(started_at=None),
            "unknown",
            "session.json does not say when the session started and ended",
        ),
        (lambda r: progress(r, 100.0, 99.0, 100.0), "pass", "the session ended by itself"),
        (lambda r: progress(r, 100.0, None, 98.5), "fail", MOVED.format(1.5, "load-progress.ndjson")),
        (lambda r: progress(r, 100.0, 99.5, 101, 98.0), "fail", MOVED.format(3, "load-progress.ndjson")),
        (lambda r: progress(r), "pass", "the session ended by itself"),
        (lambda r: r.session.update(mode=""), "unknown", "session.json names no mode"),
        (
            lambda r: (r.session.pop("experiment"), r.session.pop("mode")),
            "unknown",
            "session.json names no experiment; session.json names no mode",
        ),
        (
            lambda r: r.session.update(clock_moved_s=2.5),
            "fail",
            "the clock was set forward by 2.5 s during the run, or the machine slept: run again once its clock is in "
            "step (timedatectl) and while it stays awake",
        ),
        (
            lambda r: r.session.update(clock_moved_s=-2.5),
            "fail",
            "the clock was set back by 2.5 s during the run, or",
        ),
        (
            lambda r: r.session.update(not_saved="x" * 300),
            "unknown",
            f"not everything could be saved: {'x' * 240}...",
        ),
    ],
)
def test_a_session_has_one_end_and_one_clock(tmp_path: Path, bend: Bend, status: str, details: str) -> None:
    run = resilient_run()
    bend(run)
    found = answer(run, tmp_path, "SYS_SESSION_COMPLETE")
    assert (found[0], found[2]) == (status, "session.json#complete")
    assert found[1].startswith(details)


def started(run: Run, at: float) -> None:
    run.artifacts["app-a-0.prom"] = metrics("app-a-0", at)


@pytest.mark.parametrize(
    "key", ["experiment", "mode", "started_at", "experiment_sha256", "commit", "dirty", "seed", "target"]
)
def test_each_bound_key_of_the_session_is_held_to_its_log(tmp_path: Path, key: str) -> None:
    found = read_run(resilient_run().write(tmp_path))
    begun = dict(begun_data(found.session.source))
    assert begun_objects(found, begun) == []
    assert begun_objects(found, begun | {key: "z" * 99}) == [
        f"its {key} is {'z' * 80}, and that of session.json {found.session.source[key]!s:.80}"
    ]
    assert begun_objects(found, begun | {"identity_sha256": "0" * 64}) == [
        "the variables, values, versions or machine in session.json are not those that the session began with"
    ]
    without = {name: value for name, value in begun.items() if name != key}
    needed = key in ("experiment", "mode", "started_at", "experiment_sha256")
    assert bool(begun_objects(found, without)) is needed


@pytest.mark.parametrize(
    ("saved", "said"),
    [
        ({}, []),
        ({"ended_at": ENDED_AT}, []),
        ({"ended_at": None}, [f"its ended_at is None, and that of session.json {ENDED_AT}"]),
    ],
)
def test_the_end_of_the_session_is_that_of_its_log(tmp_path: Path, saved: Any, said: list[str]) -> None:
    assert saved_objects(read_run(resilient_run().write(tmp_path)), saved) == said


@pytest.mark.parametrize(
    ("names", "at", "deployed", "said"),
    [
        ([], T0 + 1, False, []),
        ([], T0 + 0.1, False, []),
        ([], T0, False, ["app-b-2 was up by it, and readiness.ndjson knows nothing of app-b-2 until then"]),
        ([], T0, True, []),
        (
            ["x-0", "x-1", "x-2", "x-3", 7],
            T0 + 9,
            True,
            ["it and session.json have not the same instances: x-0, x-1, x-2"],
        ),
        (
            ["x-0"],
            T0 + 9,
            False,
            [
                "it and session.json have not the same instances: x-0",
                "x-0 was up by it, and readiness.ndjson knows nothing of x-0 until then",
            ],
        ),
    ],
)
def test_what_was_up_by_the_log_was_seen_by_the_target(
    tmp_path: Path, names: list[Any], at: float, deployed: bool, said: list[str]
) -> None:
    """A row is written a moment after what it tells of."""
    run = resilient_run()
    del run.rows[1:]
    run.session["cluster"] = {"deployed": deployed}
    run.readiness[:] = [event for event in run.readiness if event["instance"] != "app-b-2"]
    run.readiness.append({"at": T0 + 1.1, "instance": "app-b-2", "event": "ready", "detail": ""})
    found = read_run(run.write(tmp_path))
    assert ready_objects(found, {"instances": [*found.session.names, *names]}, at) == said
