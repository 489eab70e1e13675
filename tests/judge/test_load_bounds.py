"""Where the bounds of the load's checks lie: its strength, its length, its end, and when its generator stood still."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from chaosproof.judge.load_rules.held_up import _FreeTime, held_up, stood_still
from chaosproof.runfolder.run_folder import read_run
from tests.support.asked import asked, material_of
from tests.support.runs import ENDED_AT, LOAD_AT, T0, Run, resilient_run

Bend = Callable[[Run], object]
RATE, ACCOUNTED = "SYS_LOAD_RATE", "SYS_LOAD_ACCOUNTED"
EVERY = "all 2000 requests have exactly one row, and whoever else counted them counts the same"


def closed(
    run: Run, latency_s: float, connections: int = 1, turn_s: float = 1.0, **plan: float | None
) -> None:
    """40 requests of one connection, one each second, that take so long."""
    run.plan |= {"model": "closed", "connections": connections, "rate_rps": 2, **plan}
    run.session["variables"] = {}
    run.rows[:] = [
        [n, at, at, at + latency_s, 200, "SUCCESS", "app-a-0", 1]
        for n in range(40)
        for at in [LOAD_AT + n * turn_s]
    ]


def spread(run: Run, span_s: float) -> None:
    """All requests within so many seconds."""
    for n, row in enumerate(run.rows):
        row[1] = row[2] = f"{LOAD_AT + n * span_s / 1999:.6f}"
        row[3] = f"{LOAD_AT + n * span_s / 1999 + 0.01:.6f}"


UNKNOWN_PLAN = "the planned rate or duration is not known; load-plan.json: it does not say"


@pytest.mark.parametrize(
    ("bend", "status", "details"),
    [
        (lambda r: None, "pass", "50.0 of 50 requests/s were sent (100.0%)"),
        (lambda r: r.plan.update(rate_rps=0), "unknown", UNKNOWN_PLAN),
        (lambda r: r.plan.update(rate_rps=-1), "unknown", UNKNOWN_PLAN),
        (lambda r: r.plan.update(duration_s=0), "unknown", UNKNOWN_PLAN),
        (lambda r: r.plan.update(duration_s=-1), "unknown", UNKNOWN_PLAN),
        (lambda r: r.plan.update(duration_s=None), "unknown", UNKNOWN_PLAN),
        (lambda r: spread(r, 37.97), "pass", "50.0 of 50 requests/s were sent (100.0%)"),
        (lambda r: spread(r, 37.95), "fail", "requests were due over 38.0 s of the planned 40 s"),
        (
            lambda r: r.session["variables"].update(rate_rps=51, duration_s="40"),
            "fail",
            "the experiment asked for rate_rps 51, and the load planned 50",
        ),
        (
            lambda r: r.session["variables"].update(duration_s=60),
            "fail",
            "the experiment asked for duration_s 60, and the load planned 40",
        ),
        (
            lambda r: closed(r, 0.95),
            "pass",
            "1.0 requests/s of 2: the connections were busy 95% of the time, so the system set the pace (closed model)",
        ),
        (lambda r: closed(r, 0.94), "fail", "1.0 of 2 requests/s were sent (50.0%)"),
        (lambda r: closed(r, 0.95, connections=2), "fail", "1.0 of 2 requests/s were sent (50.0%)"),
        (lambda r: closed(r, 0.95, connections=0), "fail", "1.0 of 2 requests/s were sent (50.0%)"),
        (
            lambda r: closed(r, 1.1, turn_s=1.1),
            "pass",
            "0.9 requests/s of 2: the connections were busy 100% of the time",
        ),
        (
            lambda r: closed(r, 0.9, rate_rps=None),
            "fail",
            "1.0 requests/s without a cap: the connections were busy 90% of the time only",
        ),
        (
            lambda r: closed(r, 0.96, rate_rps=None),
            "pass",
            "1.0 requests/s of no cap: the connections were busy 96% of the time, so the system set the pace",
        ),
    ],
)
def test_the_load_was_as_strong_and_as_long_as_planned(
    tmp_path: Path, bend: Bend, status: str, details: str
) -> None:
    run = resilient_run()
    bend(run)
    run.recount()
    found = asked(RATE, material_of(run, tmp_path, every=1))
    assert (found.status, found.evidence) == (status, "requests.csv.gz"), found.details
    assert found.details.startswith(details)


def plan(run: Run, planned: int, **plan: object) -> None:
    run.plan |= plan
    run.done["planned"] = planned


def due(run: Run, place: int, at: float) -> None:
    run.rows[place][1:4] = at, at, at + 0.01


@pytest.mark.parametrize(
    ("bend", "status", "details"),
    [
        (lambda r: None, "pass", EVERY),
        (lambda r: plan(r, 2000, rate_rps=50.0124), "pass", EVERY),
        (lambda r: plan(r, 2000, rate_rps=49.9876), "pass", EVERY),
        (lambda r: plan(r, 2000, rate_rps=50.0251), "fail", "the plan's rate and duration make 2001 to 2002"),
        (lambda r: plan(r, 2000, rate_rps=49.974), "fail", "requests, not 2000"),
        (lambda r: plan(r, 2000, rate_rps=56.9, arrivals="poisson"), "pass", EVERY),
        (lambda r: plan(r, 2000, rate_rps=57.3, arrivals="poisson"), "fail", "make 2005 to 2579 requests"),
        (lambda r: plan(r, 2000, rate_rps=43.8, arrivals="poisson"), "pass", EVERY),
        (lambda r: plan(r, 2000, rate_rps=43.5, arrivals="poisson"), "fail", "make 1490 to 1990 requests"),
        (lambda r: plan(r, 2000, rate_rps=99, arrivals="bursts"), "pass", EVERY),
        (lambda r: plan(r, 2000, rate_rps=None), "pass", EVERY),
        (lambda r: plan(r, 2000, duration_s=None), "pass", EVERY),
        (
            lambda r: plan(r, 1999, rate_rps=None),
            "fail",
            "1999 requests were planned, and 2000 have a row; 2000 requests have a row, more than the 1999 planned",
        ),
        (lambda r: plan(r, 2001, rate_rps=None, model="closed"), "pass", EVERY),
        (
            lambda r: plan(r, 1999, rate_rps=None, model="closed"),
            "fail",
            "2000 requests have a row, more than the 1999 planned",
        ),
        (lambda r: due(r, 0, T0 - 1), "pass", EVERY),
        (lambda r: due(r, 0, T0 - 1.25), "fail", "requests were due 1 s before the session started"),
        (lambda r: due(r, -1, ENDED_AT + 1), "pass", EVERY),
        (lambda r: due(r, -1, ENDED_AT + 1.75), "fail", "requests were due 2 s after the session ended"),
        (
            lambda r: r.done.update(complete=None, stopped_by=None),
            "fail",
            "the load ended early: it does not say why",
        ),
        (
            lambda r: r.done.update(complete=False, stopped_by="SIGINT"),
            "fail",
            "the load ended early: SIGINT",
        ),
        (lambda r: r.rows.pop(700), "fail", "1 requests before the last one have no row"),
        (lambda r: r.rows.append(r.rows[3]), "fail", "1 requests have more than one row"),
        (
            lambda r: r.rows.__setitem__(4, r.rows[3]),
            "fail",
            "1 requests have more than one row; 1 requests before the last one have no row",
        ),
        (lambda r: r.without.add("load-done.json"), "unknown", "load-done.json: there is no such file"),
        (
            lambda r: r.without.add("load-progress.ndjson"),
            "unknown",
            "what the load said while it ran is not known; load-progress.ndjson: there is no such file",
        ),
        (lambda r: r.done.pop("ok"), "unknown", "load-done.json does not say ok"),
        (lambda r: r.done.pop("errors"), "unknown", "load-done.json does not say errors"),
        (
            lambda r: (r.done.pop("recorded"), r.done.update(ok=0)),
            "fail",
            "load-done.json says ok 0, and the rows 1998",
        ),
        (
            lambda r: r.done.pop("planned"),
            "unknown",
            "load-done.json does not say how many requests were planned",
        ),
    ],
)
def test_every_request_of_the_plan_has_a_row_within_the_session(
    tmp_path: Path, bend: Bend, status: str, details: str
) -> None:
    run = resilient_run()
    bend(run)
    run.progress[-1]["at"] = LOAD_AT + 40
    found = asked(ACCOUNTED, material_of(run, tmp_path, every=1))
    assert (found.status, found.evidence) == (status, "requests.csv.gz"), found.details
    assert details in found.details


def test_a_run_without_rows_has_none_of_a_load_that_was_planned(tmp_path: Path) -> None:
    run = resilient_run()
    run.rows.clear()
    plan(run, 0)
    run.recount()
    found = asked(ACCOUNTED, material_of(run, tmp_path, every=1))
    assert (found.status, "no request was planned" in found.details) == ("fail", True)


def late(run: Run, count: int, by_s: float = 0.5) -> None:
    """So many requests after the first hundred are sent late, with every connection free."""
    for row in run.rows[100 : 100 + count]:
        row[2] = f"{float(row[1]) + by_s:.6f}"
        row[3] = f"{float(row[1]) + by_s + 0.001:.6f}"


@pytest.mark.parametrize(
    ("count", "by_s", "said"),
    [(20, 0.5, ""), (21, 0.24, ""), (21, 0.5, "held 21 of 2000 requests up for more than 250 ms")],
)
def test_one_request_in_a_hundred_may_be_held_up(tmp_path: Path, count: int, by_s: float, said: str) -> None:
    run = resilient_run()
    run.plan["connections"] = 50
    late(run, count, by_s)
    found = material_of(run, tmp_path, every=1)
    text = held_up(found.run, found.stats)
    assert said in text if said else not text
    assert not said or "longest for 0.50 s, while connections were free: no latency of this run" in text


@pytest.mark.parametrize(
    ("instants", "duration_s", "stood_s"),
    [
        ([0, 1.5], 1, None),
        ([0, 1.53125], 1, "1.0 s: it writes progress twice a second, and wrote none for 1.5 s"),
        ([0, 2.0], 150, None),
        ([0, 2.0], 149, "1.5 s: it writes progress twice a second, and wrote none for 2.0 s"),
        ([0, 1, 4, 4.5], None, "2.5 s: it writes progress twice a second, and wrote none for 3.0 s"),
        ([0, None, 3], 1, "2.5 s"),
        ([0], 1, None),
        ([], 1, None),
    ],
)
def test_a_generator_stood_still_that_wrote_nothing_for_long(
    tmp_path: Path, instants: list[float | None], duration_s: float | None, stood_s: str | None
) -> None:
    run = resilient_run()
    del run.rows[1:]
    run.plan["duration_s"] = duration_s
    run.progress[:] = [{"at": instant} for instant in instants]
    text = stood_still(read_run(run.write(tmp_path)))
    assert f"stood still for {stood_s}" in text if stood_s else not text


@pytest.mark.parametrize("connections", [1, 2, 3])
def test_the_time_in_which_a_connection_was_free_is_that_of_a_count_at_each_moment(connections: int) -> None:
    """By the plainest way: sixteenths of a second, exact in binary, each of them free or not."""
    chance = random.Random(connections)
    sent = [chance.randrange(0, 160) / 16 for _ in range(40)]
    done = [at + chance.randrange(0, 32) / 16 for at in sent]
    free = _FreeTime(sent, done, connections)
    passed_s = 0.0
    for step in range(16 * 14):
        at = step / 16
        assert free.until(at) == passed_s
        assert free.until(at + 1 / 32) == passed_s + (_free_at(at, sent, done, connections) and 1 / 32)
        passed_s += _free_at(at, sent, done, connections) and 1 / 16
    assert _FreeTime([], [], 1).until(5.0) == 0


def _free_at(at: float, sent: list[float], done: list[float], connections: int) -> bool:
    """From the first request on."""
    busy = sum(begin <= at < end for begin, end in zip(sent, done, strict=True))
    return at >= min(sent) and busy < connections
