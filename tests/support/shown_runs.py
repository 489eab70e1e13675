"""Runs and comparisons with much to show: what breaks, what is missing, what differs."""

import json
from pathlib import Path

from chaosproof.compare.compare import Comparison, compare_pairs
from chaosproof.judge.judge import judge_run
from tests.support.runs import (
    FAULT_AT,
    FAULT_END,
    LOAD_AT,
    Run,
    baseline_run,
    disturbed,
    of_one_experiment,
    resilient_run,
)

__all__ = ["eventful", "spoilt", "three_pairs", "unfinished"]


def spoilt(run: Run) -> None:
    """A claim that fails, one that is not known, a fault that hit nothing, a breaker that opened."""
    run.claim(id="C90", claim="hardly any request fails", figure="load.errors", at_most=1)
    run.claim(id="C91", claim="nobody <waits> & 'hopes'", figure="series.nothing.max", at_most=1)
    run.fault["packets"] = 0


def eventful() -> Run:
    """A disturbance, a breaker that opens, a worker that is busy, an instance that dies."""
    run = disturbed(resilient_run(), LOAD_AT + 5, 30, B_DELAY_MS=200, FAIL_RATE=0.3)
    log = [
        {"at": FAULT_AT + at, "event": "breaker", "old": one, "new": other}
        for at, one, other in (
            (0.2, "closed", "open"),
            (5.2, "open", "half_open"),
            (5.4, "half_open", "closed"),
        )
    ]
    run.artifacts["app-a-0.log"] += "".join(json.dumps(row) + "\n" for row in log)
    run.series["series"] += [
        {
            "metric": {"__name__": name, "instance": instance},
            "values": [[LOAD_AT + t, str(value)] for t, value in enumerate(values)],
        }
        for name, instance, values in (
            ("b_busy", "app-b-0", (0, 0.5, 1) * 12),
            ("a_breaker_state", "app-a-1", (0, 2, 2, 1, 0)),
        )
    ]
    run.readiness.append({"at": FAULT_END + 1, "instance": "app-b-1", "event": "exited", "detail": "code 1"})
    run.session["states"]["app-b-1"] |= {"deaths": 1, "alive": False, "ready": False}
    run.session["versions"] = {"chaosproof": "0.1.0", "python": "3.11.2"}
    run.session["dirty"] = True
    return run


def unfinished() -> Run:
    run = baseline_run()
    run.session |= {"complete": False, "interrupted": "SIGTERM", "title": "", "commit": ""}
    run.without |= {"requests.csv.gz", "load-done.json", "load-plan.json", "series.json"}
    run.faults.clear()
    return run


def three_pairs(folder: Path) -> Comparison:
    """The second baseline recovers sooner, the third resilient run does not hold."""
    pairs = []
    for n in range(3):
        runs = baseline_run(), resilient_run()
        runs[1].experiment["extensions"][0]["compare"] += [
            {
                "id": "C09",
                "claim": "half the errors",
                "figure": "resilient.load.error_ratio",
                "at_most": 0.0005,
            },
        ]
        of_one_experiment(*runs)
        if n == 1:
            runs[0].rows[:] = [
                [*row[:4], 200, "SUCCESS", *row[6:]] if row[0] > 1050 else row for row in runs[0].rows
            ]
            runs[0].recount()
        if n == 2:
            runs[1].fault["packets"] = 0
        baseline, resilient = (
            judge_run(run.apart(n).write(folder / f"{run.session['mode']}-{n}")) for run in runs
        )
        pairs.append((baseline, resilient))
    return compare_pairs(pairs, planned=4)
