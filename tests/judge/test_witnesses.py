"""Whoever else told of the load or of a fault is heard: one figure that differs, and it is said which."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.judge import judge_run
from tests.support.runs import (
    COUNTER,
    FAULT_END,
    T0,
    Run,
    activity,
    counting,
    ran,
    requests_gz,
    resilient_run,
)

Change = Callable[[Run], object]


def told(run: Run, folder: Path, check_id: str) -> tuple[str, str]:
    check = next(c for c in judge_run(run.write(folder)).checks if c.id == check_id)
    return check.status, check.details


def result(run: Run, **bent: Any) -> None:
    """A load.json that agrees with the rows but for what is bent."""
    latencies = [float(row[3]) - float(row[1]) for row in run.rows]
    document = json.loads(run.artifacts["load.json"])
    histogram = {"Count": len(run.rows), "Max": max(latencies), "Sum": sum(latencies)}
    document["DurationHistogram"] = histogram | {k: v for k, v in bent.items() if k in histogram}
    statuses = Counter(str(row[4]) for row in run.rows)
    document |= {"Codes": dict(Counter(row[5] for row in run.rows)), "RetCodes": dict(statuses)}
    document |= {key: value for key, value in bent.items() if key in document}
    run.artifacts["load.json"] = json.dumps(document)


def finished(run: Run, **bent: Any) -> None:
    """An activity that returned how the load ended."""
    what = activity("finish", "chaosproof.actions.load", "finish")
    run.experiment["method"].append(what)
    run.journal["run"].append(ran(what, run.done | bent))


def returned(run: Run, module: str = "chaosproof.actions.network", **bent: Any) -> None:
    """An activity that returned the fault's row."""
    what = activity("wait", module, "wait_until_ended")
    run.experiment["method"].append(what)
    run.journal["run"].append(ran(what, [run.fault | bent]))


@pytest.mark.parametrize(
    "agree",
    [counting, lambda run: counting(run, SUCCESS=99), result, finished, returned],
    ids=["counters", "counters that counted more", "the result", "the load's end", "the fault"],
)
def test_a_witness_that_agrees_is_no_objection(tmp_path: Path, agree: Change) -> None:
    run = resilient_run()
    agree(run)
    verdict = judge_run(run.write(tmp_path))
    assert {c.id: c.details for c in verdict.checks if c.status != "pass"} == {}


@pytest.mark.parametrize(
    ("bend", "check_id", "says"),
    [
        (
            lambda r: r.progress[-1].update(done=1999),
            "SYS_LOAD_ACCOUNTED",
            "ends with done 1999, and the rows make 2000",
        ),
        (
            lambda r: r.progress[-1].update(ok=2000),
            "SYS_LOAD_ACCOUNTED",
            "ends with ok 2000, and the rows make 1998",
        ),
        (
            lambda r: r.progress[-1].update(errors=0),
            "SYS_LOAD_ACCOUNTED",
            "ends with errors 0, and the rows make 2",
        ),
        (
            lambda r: r.progress[-1].update(codes={"SUCCESS": 2000}),
            "SYS_LOAD_ACCOUNTED",
            "load-progress.ndjson counts SUCCESS 2000 times, and the rows 1998; "
            "load-progress.ndjson counts UNAVAILABLE 0 times, and the rows 2",
        ),
        (
            lambda r: result(r, Codes={"SUCCESS": 2000}),
            "SYS_ARTIFACTS",
            "load.json counts SUCCESS 2000 times",
        ),
        (
            lambda r: result(r, RetCodes={"200": 2000}),
            "SYS_ARTIFACTS",
            "load.json counts 2000 answers that are ok",
        ),
        (lambda r: result(r, RetCodes={"200": 1998, "2": 9, "2xx": 9, "-1": 2}), "", ""),
        (
            lambda r: result(r, Max=0.5),
            "SYS_ARTIFACTS",
            "longest latency is 0.500000 s by load.json, and 0.012000 s",
        ),
        (lambda r: result(r, Sum=1.0), "SYS_ARTIFACTS", "add up to 1.000000 s by load.json, and to"),
        (
            lambda r: finished(r, recorded=7),
            "SYS_LOAD_ACCOUNTED",
            "journal says recorded 7, and load-done.json 2000",
        ),
        (
            lambda r: r.journal["run"][0]["output"].update(name="measured", rate_rps=60),
            "SYS_LOAD_ACCOUNTED",
            "the journal says rate_rps 60, and load-plan.json 50",
        ),
        (
            lambda r: returned(r, packets=0),
            "SYS_FAULT_HIT",
            "the journal says packets 0, and faults.jsonl 412",
        ),
        (lambda r: returned(r, id="f9"), "SYS_FAULT_HIT", "a fault f9 that faults.jsonl does not know"),
        (
            lambda r: returned(r, "chaosproof.actions.process", kind="kill"),
            "SYS_FAULT_HIT",
            "says kind kill, and faults.jsonl reset",
        ),
        (lambda r: returned(r, ended_at=None, packets=0), "", ""),
        (lambda r: returned(r, applied_at=None, id="f9"), "", ""),
        (
            lambda r: counting(r, SUCCESS=-1),
            "SYS_ARTIFACTS",
            "740 answers SUCCESS are said to be of app-a-0, which counted 739; 1258 answers SUCCESS are said",
        ),
        (lambda r: (counting(r), r.session["states"]["app-a-0"].update(restarts=1)), "", ""),
        (
            lambda r: r.rows[9].__setitem__(6, "app-z-9"),
            "SYS_LOAD_ACCOUNTED",
            "app-z-9 answered requests, and no such",
        ),
        (
            lambda r: r.series["series"][0].update(values=[[T0 - 100, "1"]]),
            "SYS_ARTIFACTS",
            f"series.json has samples of {T0 - 100:.0f}, outside of the session",
        ),
        (lambda r: r.done.update(planned=2001), "SYS_LOAD_ACCOUNTED", "make 2000 to 2000 requests, not 2001"),
        (
            lambda r: r.readiness.append({"at": FAULT_END - 1, "instance": "app-b-1", "event": "ready"}),
            "SYS_SESSION_COMPLETE",
            "the clock was moved back by 1.3 s during the run, by readiness.ndjson",
        ),
        (
            lambda r: r.progress.append(r.progress[-1] | {"at": T0}),
            "SYS_SESSION_COMPLETE",
            "s during the run, by load-progress.ndjson",
        ),
        (
            lambda r: (
                r.journal["run"][0].update(start="2026-11-21T22:08:47.5+00:00"),
                r.journal["run"][1].update(start="2026-11-21T22:08:46+00:00"),
            ),
            "SYS_SESSION_COMPLETE",
            "the clock was moved back by 1.5 s during the run, by journal.json",
        ),
        (
            lambda r: r.session.update(experiment_sha256="0" * 64),
            "SYS_SESSION_COMPLETE",
            "the experiment in journal.json is not the one that the session began with",
        ),
        (
            lambda r: r.experiment["extensions"][0].update(artifacts=["load.json", "app-c-0.log"]),
            "SYS_ARTIFACTS",
            "the experiment names app-c-0.log, and the session does not expect it",
        ),
    ],
)
def test_a_witness_that_disagrees_is_a_failure_that_says_who_says_what(
    tmp_path: Path, bend: Change, check_id: str, says: str
) -> None:
    run = resilient_run()
    bend(run)
    if not check_id:
        verdict = judge_run(run.write(tmp_path))
        assert {c.id: c.details for c in verdict.checks if c.status != "pass"} == {}
        return
    status, details = told(run, tmp_path, check_id)
    assert status == "fail"
    assert says in details


@pytest.mark.parametrize(
    ("bend", "check_id", "says"),
    [
        (
            lambda r: r.without.add("load-progress.ndjson"),
            "SYS_LOAD_ACCOUNTED",
            "what the load said while it ran is not known; load-progress.ndjson: there is no such file",
        ),
        (lambda r: r.progress.clear(), "SYS_LOAD_ACCOUNTED", "load-progress.ndjson: it does not say"),
        (
            lambda r: r.experiment["extensions"][0].update(answers_counted_by=COUNTER),
            "SYS_ARTIFACTS",
            "what app-a-0 counted in answers_total is not known; what app-a-1",
        ),
        (
            lambda r: r.experiment["extensions"][0].update(answers_counted_by={"metric": "answers_total"}),
            "SYS_ARTIFACTS",
            "answers_counted_by names no metric and label",
        ),
        (
            lambda r: r.experiment["extensions"][0].update(answers_counted_by="answers_total"),
            "SYS_ARTIFACTS",
            "answers_counted_by names no metric and label",
        ),
    ],
)
def test_a_witness_that_had_to_speak_and_is_silent_makes_it_unknown(
    tmp_path: Path, bend: Change, check_id: str, says: str
) -> None:
    run = resilient_run()
    bend(run)
    status, details = told(run, tmp_path, check_id)
    assert status == "unknown"
    assert says in details


def test_codes_beyond_those_that_the_load_tells_apart_are_not_compared(tmp_path: Path) -> None:
    run = resilient_run()
    for n, row in enumerate(run.rows[:300]):
        row[5] = f"CODE_{n}"
    run.recount()
    run.progress[-1]["codes"] = {f"CODE_{n}": 1 for n in range(199)} | {"OTHER": 1801}
    assert told(run, tmp_path, "SYS_LOAD_ACCOUNTED")[0] == "pass"


def test_an_instance_has_counted_its_answers_of_the_warm_up_too(tmp_path: Path) -> None:
    run = resilient_run()
    rows = [[n, at, at, at + 0.01, 200, "SUCCESS", "app-a-1", 1] for n, at in enumerate([T0 + 3] * 5)]
    run.raw["warmup/requests.csv.gz"] = requests_gz(rows)
    counting(run)
    status, details = told(run, tmp_path / "without", "SYS_ARTIFACTS")
    assert (status, "app-a-1" in details, "app-a-0" in details) == ("fail", True, False), details
    counting(run, SUCCESS=5)
    assert told(run, tmp_path / "with", "SYS_ARTIFACTS")[0] == "pass"
