"""An artifact is of the session that expected it, to the second, or it is said why not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.figures.state_intervals import log_events
from tests.support.asked import answer, asked, material_of
from tests.support.runs import COUNTER, ENDED_AT, T0, Run, metrics, resilient_run

Bend = Callable[[Run], object]


def started(run: Run, at: float) -> None:
    run.artifacts["app-a-0.prom"] = metrics("app-a-0", at)


def logged(run: Run, first: Any) -> None:
    run.artifacts["app-a-0.log"] = f"{json.dumps(first)}\n" + json.dumps({"at": 5}) + "\n"


def sampled(run: Run, *instants: float) -> None:
    run.series["series"] = [{"metric": {"__name__": "m"}, "values": [[at, "1"] for at in instants]}]


OUTSIDE = "tells of a start at {:.0f}, outside of the session"


@pytest.mark.parametrize(
    ("bend", "details"),
    [
        (lambda r: None, ""),
        (lambda r: started(r, T0 - 5), ""),
        (lambda r: started(r, T0 - 5.25), f"app-a-0.prom {OUTSIDE.format(T0 - 5.25)}"),
        (lambda r: started(r, ENDED_AT + 5), ""),
        (lambda r: started(r, ENDED_AT + 5.75), f"app-a-0.prom {OUTSIDE.format(ENDED_AT + 5.75)}"),
        (lambda r: (started(r, 5.0), r.session.update(started_at=None)), ""),
        (lambda r: (started(r, T0 * 2), r.session.update(ended_at=None)), ""),
        (lambda r: started(r, float("nan")), ""),
        (lambda r: logged(r, {"at": T0 - 5.25}), f"app-a-0.log {OUTSIDE.format(T0 - 5.25)}"),
        (lambda r: logged(r, {"event": "x"}), ""),
        (lambda r: r.raw.update({"artifacts/app-a-0.log": b"\xff\n"}), ""),
        (lambda r: logged(r, [1]), ""),
        (
            lambda r: r.artifacts.update({"app-b-0.metrics": '{"at": 5}\n'}),
            "",
        ),
        (
            lambda r: r.artifacts.update(
                {"app-b-0.metrics": f'\nprocess_start_time_seconds{{a="b"}} {T0 - 100}\n'}
            ),
            f"app-b-0.metrics {OUTSIDE.format(T0 - 100)}",
        ),
        (lambda r: sampled(r, T0 - 5, T0, ENDED_AT + 5), ""),
        (
            lambda r: sampled(r, T0, T0 - 9, T0 - 6),
            f"series.json has samples of {T0 - 9:.0f}, outside of the session",
        ),
        (
            lambda r: sampled(r, T0, ENDED_AT + 9),
            f"series.json has samples of {ENDED_AT + 9:.0f}, outside of the session",
        ),
        (
            lambda r: r.session["expected_artifacts"].insert(0, ""),
            "(no name) is missing",
        ),
        (
            lambda r: r.artifacts.update({"app-b-2.metrics": metrics("x"), "app-b-1.metrics": metrics("x")}),
            "app-b-2.metrics is a copy of app-b-1.metrics",
        ),
        (
            lambda r: r.artifacts.update({"app-a-0.log": "same\n", "app-a-1.log": "same\n"}),
            "",
        ),
        (
            lambda r: (r.session.update(cluster={"deployed": True}), started(r, 5.0), logged(r, {"at": 5})),
            "",
        ),
    ],
)
def test_an_artifact_is_of_this_session(tmp_path: Path, bend: Bend, details: str) -> None:
    run = resilient_run()
    bend(run)
    status, found, evidence = answer(run, tmp_path, "SYS_ARTIFACTS")
    expected = len(run.session["expected_artifacts"])
    whole = f"all {expected} artifacts are there and not empty"
    assert (status, found, evidence) == ("fail" if details else "pass", details or whole, "artifacts")


def test_an_artifact_that_goes_away_while_it_is_judged_cannot_be_read(tmp_path: Path) -> None:
    run = resilient_run()
    run.artifacts.pop("load.json")
    run.session["expected_artifacts"].remove("load.json")
    run.experiment["extensions"][0]["answers_counted_by"] = COUNTER
    of_it = material_of(run, tmp_path)
    for name in ("app-a-0.log", "app-a-0.prom"):
        (tmp_path / "artifacts" / name).unlink()
    check = asked("SYS_ARTIFACTS", of_it)
    silent = "; ".join(f"what app-a-{n} counted in answers_total is not known" for n in (0, 1))
    assert (check.status, check.details) == (
        "unknown",
        f"app-a-0.prom cannot be read; app-a-0.log cannot be read; {silent}",
    )
    assert list(log_events(of_it.run, "app-a-0")) == []


def counted(run: Run, name: str, *samples: str, file: str = "prom") -> None:
    run.artifacts[f"{name}.{file}"] = "".join(f"{sample}\n" for sample in samples)
