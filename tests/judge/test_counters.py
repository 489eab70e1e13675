"""What instances counted themselves, against the rows and against the samples of before."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chaosproof.judge.load_rules.counters import counters_object, series_objects
from chaosproof.runfolder.run_folder import read_run
from tests.support.asked import answers_total, material_of
from tests.support.runs import COUNTER, LOAD_AT, Run, resilient_run

Bend = Callable[[Run], object]


def counted(run: Run, name: str, *samples: str, file: str = "prom") -> None:
    run.artifacts[f"{name}.{file}"] = "".join(f"{sample}\n" for sample in samples)


@pytest.mark.parametrize(
    ("bend", "wrong", "unclear"),
    [
        (lambda r: None, [], []),
        (
            lambda r: counted(r, "app-a-0", answers_total("SUCCESS", 6), answers_total("SUCCESS", 1, x="y")),
            [],
            [],
        ),
        (
            lambda r: counted(r, "app-a-0", answers_total("SUCCESS", 6)),
            ["7 answers SUCCESS are said to be of app-a-0, which counted 6"],
            [],
        ),
        (
            lambda r: counted(r, "app-a-0", answers_total("OTHER", 9)),
            ["7 answers SUCCESS are said to be of app-a-0, which counted 0"],
            [],
        ),
        (
            lambda r: (
                [row.__setitem__(5, "") for row in r.rows[::100][:2]],
                counted(r, "app-a-0", answers_total("SUCCESS", 5), 'answers_total{x="y"} 2'),
            ),
            [],
            [],
        ),
        (lambda r: counted(r, "app-a-0"), [], ["what app-a-0 counted in answers_total is not known"]),
        (
            lambda r: counted(r, "app-a-0", "answers_total 99"),
            [],
            ["what app-a-0 counted in answers_total is not known"],
        ),
        (lambda r: (counted(r, "app-a-0"), r.session["states"]["app-a-0"].update(restarts=1)), [], []),
        (lambda r: (counted(r, "app-a-0"), r.session["states"]["app-a-0"].update(deaths=1)), [], []),
        (
            lambda r: (
                r.artifacts.pop("app-a-0.prom"),
                counted(r, "app-a-0", answers_total("SUCCESS", 7), file="metrics"),
            ),
            [],
            [],
        ),
        (
            lambda r: r.raw.update(
                {"artifacts/app-a-0.prom": f"{answers_total('SUCCESS', 7)}\n".encode() + b"\xff 1\n"}
            ),
            [],
            [],
        ),
        (
            lambda r: [row.__setitem__(6, "") for row in r.rows[::100][:2]],
            [],
            [],
        ),
        (
            lambda r: (
                [row.__setitem__(6, "") for row in r.rows[::100][:2]],
                counted(r, "app-a-0", answers_total("SUCCESS", 6)),
            ),
            [
                "2 answers SUCCESS are ok and name no instance, and the instances counted 1 beyond those that do"
            ],
            [],
        ),
        (
            lambda r: (
                [row.__setitem__(6, "") for row in r.rows[::100][:2]],
                counted(r, "app-a-0", answers_total("SUCCESS", 6)),
                r.session["states"]["app-b-0"].update(restarts=1),
            ),
            [],
            [],
        ),
    ],
)
def test_an_instance_has_counted_each_answer_that_the_rows_say_it_gave(
    tmp_path: Path, bend: Bend, wrong: list[str], unclear: list[str]
) -> None:
    """Seven ok answers of app-a-0 and thirteen of app-a-1."""
    run = resilient_run()
    run.rows[:] = [
        row if n not in (500, 502) else [*row[:4], 200, "SUCCESS", *row[6:]] for n, row in enumerate(run.rows)
    ]
    for n, row in enumerate(run.rows[::100]):
        row[6] = "app-a-0" if n < 7 else "app-a-1"
    run.experiment["extensions"][0]["answers_counted_by"] = COUNTER
    counted(run, "app-a-0", answers_total("SUCCESS", 7))
    counted(run, "app-a-1", answers_total("SUCCESS", 13))
    bend(run)
    found = material_of(run, tmp_path)
    assert counters_object(found.run, found.stats, found.warmup) == (wrong, unclear)


@pytest.mark.parametrize(
    ("sample", "scraped", "said"),
    [
        ([(LOAD_AT, "7")], answers_total("X", 7), ""),
        (
            [(LOAD_AT, "8"), (LOAD_AT + 1, "2")],
            answers_total("X", 7),
            "had counted 8 in answers_total by series.json, and 7 by",
        ),
        ([(LOAD_AT + 40, "8")], answers_total("X", 7), "had counted 8"),
        ([(LOAD_AT + 40.25, "8")], answers_total("X", 7), ""),
        ([(LOAD_AT, "8")], answers_total("X", 7, more="y"), ""),
        ([(LOAD_AT, "8")], answers_total("Y", 7), ""),
        ([(LOAD_AT, "8")], "other_total 7", ""),
        ([], answers_total("X", 7), ""),
    ],
)
def test_a_counter_is_never_higher_by_prometheus_than_in_the_last_scrape(
    tmp_path: Path, sample: list[tuple[float, str]], scraped: str, said: str
) -> None:
    """Whatever gauges and instances without a scrape stand before it."""
    run = resilient_run()
    del run.rows[1:]
    labels = {"code": "X", "job": "j", "service": "s"}
    run.series["series"] = [
        {"metric": {"__name__": "answers", "instance": "app-a-0", **labels}, "values": [[LOAD_AT, "9"]]},
        {
            "metric": {"__name__": "answers_total", "instance": "app-z-9", **labels},
            "values": [[LOAD_AT, "9"]],
        },
        {
            "metric": {"__name__": "answers_total", "instance": "app-a-0", **labels},
            "values": [list(p) for p in sample],
        },
    ]
    counted(run, "app-a-0", scraped)
    objections = list(series_objects(read_run(run.write(tmp_path / "1"))))
    assert len(objections) == bool(said)
    assert all(f"app-a-0 {said}" in objection for objection in objections)
    run.session["states"]["app-a-0"]["restarts"] = 1
    assert list(series_objects(read_run(run.write(tmp_path / "2")))) == []
