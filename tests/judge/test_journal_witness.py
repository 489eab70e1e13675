"""What the activities returned of a fault or of the load, against the files that have the same."""

from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.cross_checks import journal_objects_to_faults, journal_objects_to_load
from tests.support.asked import read_back
from tests.support.runs import LOAD_AT, Run, activity, ran, resilient_run


def told(run: Run, module: str, *outputs: Any) -> None:
    for output in outputs:
        run.journal["run"].append(ran(activity("tell", module, "wait"), output))


@pytest.mark.parametrize("key", ["kind", "instance", "direction", "planned_s", "applied_at", "expires_at"])
def test_the_journal_and_the_ledger_have_the_same_of_a_fault(tmp_path: Path, key: str) -> None:
    """Whatever stands before it in the journal: nothing, a fault without an instant, the same one as it is."""
    run = resilient_run()
    row = dict(run.fault)
    told(run, "chaosproof.probes.load", row | {key: 7})
    told(
        run,
        "chaosproof.actions.network",
        None,
        {"id": ""},
        {"id": "f9"},
        [{}, row],
        row | {key: 7, "ended_at": None},
        row | {key: 7},
    )
    assert journal_objects_to_faults(read_back(run, tmp_path)) == [
        f"the journal says {key} 7, and faults.jsonl {row[key]}"
    ]


@pytest.mark.parametrize("key", ["ended_at", "ended_by", "packets", "canary"])
def test_how_a_fault_ended_is_compared_once_it_had(tmp_path: Path, key: str) -> None:
    run = resilient_run()
    row = dict(run.fault)
    told(run, "chaosproof.actions.process", row | {"ended_at": None, "packets": 1}, row | {key: 7.5})
    said = f"the journal says {key} 7.5, and faults.jsonl {row[key]!s:.80}"
    assert journal_objects_to_faults(read_back(run, tmp_path)) == [said]


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ({"recorded": 7}, ["the journal says recorded 7, and load-done.json 2000"]),
        (
            {"recorded": 2000, "planned": 1, "ok": 2, "errors": 3, "started_at": 4, "ended_at": 5},
            [
                "the journal says planned 1, and load-done.json 2000",
                "the journal says ok 2, and load-done.json 1998",
                "the journal says errors 3, and load-done.json 2",
                f"the journal says started_at 4, and load-done.json {LOAD_AT}",
                f"the journal says ended_at 5, and load-done.json {LOAD_AT + 40}",
            ],
        ),
        ({"name": "measured", "rate_rps": 50, "seed": 8}, ["the journal says seed 8, and load-plan.json 7"]),
        (
            {"name": "measured", "rate_rps": 50, "timeout_s": 1, "arrivals": "poisson"},
            [
                "the journal says arrivals poisson, and load-plan.json constant",
                "the journal says timeout_s 1, and load-plan.json 10",
            ],
        ),
        ({"name": "warm-up", "rate_rps": 9}, []),
        ({"name": "measured", "duration_s": 9}, []),
    ],
)
def test_the_journal_and_the_load_have_the_same_of_it(tmp_path: Path, output: Any, said: list[str]) -> None:
    run = resilient_run()
    told(run, "chaosproof.actions.load", {"recorded": 0}, None, [{"x": 1}, output])
    first = "the journal says recorded 0, and load-done.json 2000"
    assert journal_objects_to_load(read_back(run, tmp_path)) == [first, *said]
