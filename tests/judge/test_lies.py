"""Ways to spoil a run that would otherwise pass: each is one small change, and the check that must see it."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from chaosproof.judge.check import guarded
from chaosproof.judge.judge import judge_run
from chaosproof.runfolder.checks import Check
from tests.support.runs import (
    DURATION_S,
    FAULT_END,
    LOAD_AT,
    RATE_RPS,
    T0,
    Run,
    metrics,
    requests_gz,
    resilient_run,
)
from tests.support.snapshots import row_of

Lie = Callable[[Run], object]


def lies() -> Iterator[tuple[str, str, str, Lie]]:
    """What is wrong, in words; the check that must see it; what it must say; and the change."""
    # the session
    yield (
        "the session never ended",
        "SYS_SESSION_COMPLETE",
        "unknown",
        lambda r: r.session.update(complete=False),
    )
    yield (
        "complete is the word true",
        "SYS_SESSION_COMPLETE",
        "unknown",
        lambda r: r.session.update(complete="true"),
    )
    yield (
        "the run was interrupted",
        "SYS_SESSION_COMPLETE",
        "unknown",
        lambda r: r.session.update(interrupted="SIGTERM"),
    )
    yield "session.json is gone", "SYS_SESSION_COMPLETE", "unknown", lambda r: r.without.add("session.json")
    yield "session.json is half", "SYS_SESSION_COMPLETE", "unknown", lambda r: half(r, "session.json")
    yield "the journal is gone", "SYS_SESSION_COMPLETE", "unknown", lambda r: r.without.add("journal.json")
    yield "the journal is half", "SYS_STEADY_STATE_AFTER", "unknown", lambda r: half(r, "journal.json")
    yield "the toolkit was interrupted", "SYS_SESSION_COMPLETE", "unknown", lambda r: status(r, "interrupted")
    yield "the toolkit aborted", "SYS_SESSION_COMPLETE", "unknown", lambda r: status(r, "aborted")
    yield "the session has no mode", "SYS_SESSION_COMPLETE", "unknown", lambda r: r.session.pop("mode")
    yield (
        "it ended before it began",
        "SYS_SESSION_COMPLETE",
        "fail",
        lambda r: r.session.update(ended_at=T0 - 1),
    )
    yield (
        "it is not known when the session ended",
        "SYS_SESSION_COMPLETE",
        "unknown",
        lambda r: r.session.update(ended_at=None),
    )
    yield (
        "something could not be saved",
        "SYS_SESSION_COMPLETE",
        "unknown",
        lambda r: r.session.update(not_saved="series of Prometheus: No space left on device"),
    )
    # the steady state
    yield "not steady before", "SYS_STEADY_STATE_BEFORE", "fail", lambda r: met(r, "before", False)
    yield "not steady after", "SYS_STEADY_STATE_AFTER", "fail", lambda r: met(r, "after", False)
    yield "after was never measured", "SYS_STEADY_STATE_AFTER", "unknown", lambda r: state(r, "after", None)
    yield (
        "before was never measured",
        "SYS_STEADY_STATE_BEFORE",
        "unknown",
        lambda r: state(r, "before", None),
    )
    yield "met is null", "SYS_STEADY_STATE_AFTER", "unknown", lambda r: met(r, "after", None)
    yield "met without one probe", "SYS_STEADY_STATE_AFTER", "unknown", lambda r: probes(r, "after").clear()
    yield "a probe's tolerance was not met", "SYS_STEADY_STATE_AFTER", "fail", lambda r: tolerance(r, False)
    yield "the probe crashed", "SYS_STEADY_STATE_AFTER", "unknown", crash_probe
    yield (
        "no hypothesis at all",
        "SYS_STEADY_STATE_AFTER",
        "unknown",
        lambda r: r.experiment.pop("steady-state-hypothesis"),
    )
    yield (
        "the experiment ran dry",
        "SYS_STEADY_STATE_AFTER",
        "unknown",
        lambda r: r.experiment.update(dry="activities"),
    )
    # activities and rollbacks
    yield (
        "an activity failed",
        "SYS_ACTIVITIES",
        "fail",
        lambda r: r.journal["run"][2].update(status="failed"),
    )
    yield (
        "one activity ran dry",
        "SYS_ACTIVITIES",
        "unknown",
        lambda r: r.journal["run"][2]["activity"].update(dry=True),
    )
    yield (
        "how many requests were planned is not known",
        "SYS_LOAD_ACCOUNTED",
        "unknown",
        lambda r: r.done.pop("planned"),
    )
    yield (
        "a probe of the method missed its tolerance",
        "SYS_ACTIVITIES",
        "fail",
        lambda r: r.journal["run"][2].update(tolerance_met=False),
    )
    yield "an activity never ended", "SYS_ACTIVITIES", "fail", lambda r: r.journal["run"][0].pop("status")
    yield "an activity never ran", "SYS_ACTIVITIES", "unknown", lambda r: r.journal["run"].pop()
    yield "nothing ran", "SYS_ACTIVITIES", "unknown", lambda r: r.journal["run"].clear()
    yield "all was dry", "SYS_ACTIVITIES", "unknown", lambda r: r.experiment.update(dry="actions")
    yield "the machine lacks netem", "SYS_ACTIVITIES", "unknown", lack_capability
    yield (
        "a rollback failed",
        "SYS_ROLLBACKS",
        "fail",
        lambda r: r.journal["rollbacks"][0].update(status="failed"),
    )
    yield "no rollback ran", "SYS_ROLLBACKS", "unknown", lambda r: r.journal["rollbacks"].clear()
    # the load
    yield "half the rate was sent", "SYS_LOAD_RATE", "fail", lambda r: thin(r, keep=2)
    yield "94 % of the rate was sent", "SYS_LOAD_RATE", "fail", lambda r: unsent(r, 0.06)
    yield (
        "the plan was slower than asked",
        "SYS_LOAD_RATE",
        "fail",
        lambda r: r.session["variables"].update(rate_rps=500),
    )
    yield (
        "the plan was shorter than asked",
        "SYS_LOAD_RATE",
        "fail",
        lambda r: r.session["variables"].update(duration_s=60),
    )
    yield "all was sent in a burst", "SYS_LOAD_RATE", "fail", burst
    yield "the plan is gone", "SYS_LOAD_RATE", "unknown", lambda r: r.without.add("load-plan.json")
    yield "no rows", "SYS_LOAD_RATE", "unknown", lambda r: r.without.add("requests.csv.gz")
    yield "no rows to account for", "SYS_LOAD_ACCOUNTED", "fail", lambda r: r.without.add("requests.csv.gz")
    yield "a row is missing", "SYS_LOAD_ACCOUNTED", "fail", lambda r: r.rows.pop(700)
    yield "the last row is missing", "SYS_LOAD_ACCOUNTED", "fail", lambda r: r.rows.pop()
    yield (
        "a missing row is counted away",
        "SYS_LOAD_ACCOUNTED",
        "fail",
        lambda r: (r.rows.pop(700), r.recount()),
    )
    yield "failed rows were dropped", "SYS_LOAD_ACCOUNTED", "fail", drop_failed
    yield "a row is there twice", "SYS_LOAD_ACCOUNTED", "fail", lambda r: r.rows.append(r.rows[3])
    yield (
        "a row was put in another's place",
        "SYS_LOAD_ACCOUNTED",
        "fail",
        lambda r: r.rows.__setitem__(4, r.rows[3]),
    )
    yield "a row is no row", "SYS_LOAD_ACCOUNTED", "fail", lambda r: r.rows.__setitem__(4, ["what"] * 8)
    yield (
        "an answer before its question",
        "SYS_LOAD_ACCOUNTED",
        "fail",
        lambda r: r.rows[4].__setitem__(3, T0),
    )
    yield (
        "a latency that is not a number",
        "SYS_LOAD_ACCOUNTED",
        "fail",
        lambda r: r.rows[4].__setitem__(3, "nan"),
    )
    yield "errors were painted green", "SYS_LOAD_ACCOUNTED", "fail", paint_green
    yield "rows of yesterday", "SYS_LOAD_ACCOUNTED", "fail", lambda r: shift_rows(r, -86400)
    yield (
        "the load was stopped",
        "SYS_LOAD_ACCOUNTED",
        "fail",
        lambda r: r.done.update(complete=False, stopped_by="SIGTERM"),
    )
    yield "the load's end is gone", "SYS_LOAD_ACCOUNTED", "unknown", lambda r: r.without.add("load-done.json")
    yield "the rows are torn", "SYS_LOAD_ACCOUNTED", "unknown", tear_after_last_row
    yield "done says other counts", "SYS_LOAD_ACCOUNTED", "fail", lambda r: r.done.update(ok=2000, errors=0)
    yield (
        "plan and count disagree",
        "SYS_LOAD_ACCOUNTED",
        "fail",
        lambda r: r.plan.update(duration_s=DURATION_S - 1),
    )
    # the fault
    yield "no packet was hit", "SYS_FAULT_HIT", "fail", lambda r: r.fault.update(packets=0)
    nothing = {"packets": 0, "note": "partition of app-a and app-b"}
    yield "no side of a partition hit anything", "SYS_FAULT_HIT", "fail", lambda r: r.fault.update(nothing)
    yield "packets are not known", "SYS_FAULT_HIT", "unknown", lambda r: r.fault.update(packets=None)
    yield "packets are a word", "SYS_FAULT_HIT", "unknown", lambda r: r.fault.update(packets="412")
    yield "another instance was hit", "SYS_FAULT_HIT", "fail", lambda r: r.fault.update(instance="app-a-1")
    yield "an instance that is not there", "SYS_FAULT_HIT", "fail", hit_nobody
    yield "no fault was recorded", "SYS_FAULT_HIT", "fail", lambda r: r.without.add("faults.jsonl")
    yield "an empty ledger", "SYS_FAULT_HIT", "fail", lambda r: r.faults.clear()
    yield "half a ledger", "SYS_FAULT_HIT", "fail", lambda r: half(r, "faults.jsonl")
    yield "a second row is torn", "SYS_FAULT_HIT", "unknown", torn_second_fault
    yield "the fault never went on", "SYS_FAULT_HIT", "fail", lambda r: r.fault.update(applied_at=None)
    yield "the fault had an error", "SYS_FAULT_HIT", "fail", lambda r: r.fault.update(error="nft said no")
    yield "a shorter fault than asked", "SYS_FAULT_HIT", "fail", shorter_fault
    yield "another port than asked", "SYS_FAULT_HIT", "fail", lambda r: r.fault["selector"].update(port=50052)
    yield "another port number than asked", "SYS_FAULT_HIT", "fail", lambda r: ask(r, port_number=50052)
    yield "the fault after the load", "SYS_FAULT_HIT", "fail", lambda r: shift_fault(r, 31)
    yield (
        "it outlived its deadline",
        "SYS_FAULT_ENDED",
        "fail",
        lambda r: r.fault.update(ended_at=FAULT_END + 0.6),
    )
    yield "it ended too soon", "SYS_FAULT_ENDED", "fail", lambda r: r.fault.update(ended_at=FAULT_END - 0.6)
    yield "it was not seen to end", "SYS_FAULT_ENDED", "fail", lambda r: r.fault.update(ended_at=None)
    yield (
        "its expiry was set too late",
        "SYS_FAULT_ENDED",
        "fail",
        lambda r: r.fault.update(expires_at=FAULT_END + 9),
    )
    yield "a fault without a duration", "SYS_FAULT_ENDED", "fail", lambda r: r.fault.update(planned_s=None)
    yield "a blackhole, not a reset", "SYS_FAULT_CANARY", "fail", lambda r: canary(r, during="timeout")
    yield "the canary got through", "SYS_FAULT_CANARY", "fail", lambda r: canary(r, during="open")
    yield "closed before the fault", "SYS_FAULT_CANARY", "fail", lambda r: canary(r, before="refused")
    yield "closed after the fault", "SYS_FAULT_CANARY", "fail", lambda r: canary(r, after="refused")
    yield "no canary was sent", "SYS_FAULT_CANARY", "unknown", lambda r: r.fault.pop("canary")
    yield "the canary says none", "SYS_FAULT_CANARY", "unknown", lambda r: canary(r, during="none")
    # artifacts and instances
    yield "an artifact is missing", "SYS_ARTIFACTS", "fail", lambda r: r.artifacts.pop("app-b-2.metrics")
    yield "an artifact is empty", "SYS_ARTIFACTS", "fail", lambda r: r.artifacts.update({"app-a-1.log": ""})
    yield (
        "nothing was expected",
        "SYS_ARTIFACTS",
        "unknown",
        lambda r: r.session.update(expected_artifacts=[]),
    )
    yield (
        "metrics of another run",
        "SYS_ARTIFACTS",
        "fail",
        lambda r: r.artifacts.update({"app-a-0.prom": metrics("app-a-0", T0 - 3600)}),
    )
    yield (
        "a log of another run",
        "SYS_ARTIFACTS",
        "fail",
        lambda r: r.artifacts.update({"app-a-0.log": json.dumps({"at": T0 - 3600})}),
    )
    yield (
        "metrics copied from a sibling",
        "SYS_ARTIFACTS",
        "fail",
        lambda r: r.artifacts.update({"app-b-1.metrics": r.artifacts["app-b-0.metrics"]}),
    )
    yield (
        "a load.json of another load",
        "SYS_ARTIFACTS",
        "fail",
        lambda r: r.artifacts.update({"load.json": json.dumps({"DurationHistogram": {"Count": 7}})}),
    )
    yield (
        "a load.json that is none",
        "SYS_ARTIFACTS",
        "fail",
        lambda r: r.artifacts.update({"load.json": "{}"}),
    )
    yield (
        "an artifact outside of its folder",
        "SYS_ARTIFACTS",
        "fail",
        lambda r: r.session["expected_artifacts"].append("../session.json"),
    )
    yield "an instance died", "SYS_INSTANCES", "fail", lambda r: instance(r, deaths=1)
    yield "an instance is gone", "SYS_INSTANCES", "fail", lambda r: instance(r, alive=False)
    yield (
        "an instance's end is not known",
        "SYS_INSTANCES",
        "unknown",
        lambda r: r.session["states"].pop("app-b-1"),
    )
    yield "no states", "SYS_INSTANCES", "unknown", lambda r: r.session.pop("states")
    yield "no instances", "SYS_INSTANCES", "unknown", lambda r: r.session.update(instances=[])
    yield "who exited is not known", "SYS_INSTANCES", "unknown", lambda r: r.without.add("readiness.ndjson")
    yield "no instance was ever seen", "SYS_INSTANCES", "unknown", lambda r: r.readiness.clear()
    yield (
        "an exit that nobody counted",
        "SYS_INSTANCES",
        "fail",
        lambda r: r.readiness.append(
            {"at": FAULT_END + 1, "instance": "app-b-0", "event": "exited", "detail": ""}
        ),
    )
    # the experiment's own claims
    yield "too many UNAVAILABLE", "C05r", "fail", lambda r: many_unavailable(r)
    yield "a claim on nothing", "C90", "unknown", lambda r: r.claim(figure="load.nonsense", at_most=1)
    yield (
        "a claim on null",
        "C90",
        "unknown",
        lambda r: (
            r.claim(figure="recovery_s", at_most=1),
            r.fault.update(ended_at=FAULT_END + 0.4),
            trim_after_fault(r),
        ),
    )
    yield "a claim without a bound", "C90", "fail", lambda r: r.claim(figure="load.p99_ms")
    yield "a claim with a mistyped bound", "C90", "fail", lambda r: r.claim(figure="load.p99_ms", atmost=1)
    yield (
        "a claim on an unknown variable",
        "C90",
        "unknown",
        lambda r: r.claim(figure="load.${what}", at_most=1),
    )
    yield "a claim that is not true", "C90", "fail", lambda r: r.claim(figure="load.p99_ms", at_most=1)


def half(run: Run, name: str) -> None:
    data = run.files()[name]
    run.raw[name] = data[: len(data) // 2]


def status(run: Run, word: str) -> None:
    run.journal["status"] = word


def state(run: Run, when: str, value: Any) -> None:
    run.journal["steady_states"][when] = value


def met(run: Run, when: str, value: bool | None) -> None:
    run.journal["steady_states"][when]["steady_state_met"] = value


def probes(run: Run, when: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run.journal["steady_states"][when]["probes"]
    return found


def tolerance(run: Run, value: bool) -> None:
    probes(run, "after")[0]["tolerance_met"] = value


def crash_probe(run: Run) -> None:
    met(run, "after", False)
    probes(run, "after")[0].update(status="failed", tolerance_met=False, exception=["ActivityFailed: boom\n"])
    run.journal.update(status="failed", deviated=True)


def lack_capability(run: Run) -> None:
    said = "chaoslib.exceptions.ActivityFailed: chaosproof.errors.CapabilityError: no sch_netem here\n"
    run.journal["run"][1].update(status="failed", exception=[said])
    run.faults.clear()


def thin(run: Run, keep: int) -> None:
    run.rows[:] = [[n, *row[1:]] for n, row in enumerate(run.rows[::keep])]
    run.recount()
    run.done["planned"] = len(run.rows)


def unsent(run: Run, ratio: float) -> None:
    """The last requests were given up: rows there are, but they were never sent."""
    for row in run.rows[-int(len(run.rows) * ratio) :]:
        row[2], row[4], row[5], row[6], row[7] = None, 0, "NOT_SENT", "", 0
    run.recount()


def burst(run: Run) -> None:
    for n, row in enumerate(run.rows):
        due = LOAD_AT + 10 + n / RATE_RPS / 10
        row[1], row[2], row[3] = due, due, due + 0.01


def drop_failed(run: Run) -> None:
    run.rows[:] = [row for row in run.rows if row[4] == 200]
    run.recount()


def paint_green(run: Run) -> None:
    for row in run.rows:
        row[4], row[5] = 200, "SUCCESS"


def shift_rows(run: Run, by_s: float) -> None:
    for row in run.rows:
        row[1:4] = [float(instant) + by_s for instant in row[1:4]]


def shift_fault(run: Run, by_s: float) -> None:
    for key in ("planned_at", "applied_at", "expires_at", "ended_at"):
        run.fault[key] += by_s


def shorter_fault(run: Run) -> None:
    run.fault.update(
        planned_s=2, expires_at=run.fault["applied_at"] + 2, ended_at=run.fault["applied_at"] + 2
    )


def ask(run: Run, **arguments: Any) -> None:
    run.experiment["method"][1]["provider"]["arguments"] = arguments


def canary(run: Run, **saw: str) -> None:
    run.fault["canary"].update(saw)


def hit_nobody(run: Run) -> None:
    run.fault.update(instance="app-z-0")
    run.session["variables"].pop("fault_instance")
    run.experiment["extensions"] = []


def torn_second_fault(run: Run) -> None:
    run.raw["faults.jsonl"] = run.files()["faults.jsonl"] + b'{"id": "f2", "kind": "re'


def tear_after_last_row(run: Run) -> None:
    """The last gzip member is cut, but every row of it had been written before the cut."""
    run.raw["requests.csv.gz"] = requests_gz(run.rows) + gzip.compress(b"")[:12]


def instance(run: Run, **bent: Any) -> None:
    run.session["states"]["app-b-1"].update(bent)


def many_unavailable(run: Run) -> None:
    for row in run.rows[500:540]:
        row[4], row[5], row[6] = 503, "UNAVAILABLE", "app-a-0"
    run.recount()


def trim_after_fault(run: Run) -> None:
    """The load is over three seconds after the fault: too soon to know that the system came back."""
    seconds = int(FAULT_END - LOAD_AT) + 3
    run.rows[:] = run.rows[: seconds * RATE_RPS]
    run.recount()
    run.plan["duration_s"] = run.session["variables"]["duration_s"] = seconds
    run.done["planned"] = len(run.rows)


LIES = list(lies())


@pytest.mark.parametrize(
    ("check_id", "expected", "lie"), [one[1:] for one in LIES], ids=[one[0] for one in LIES]
)
def test_a_lie_is_seen(
    tmp_path: Path, check_id: str, expected: str, lie: Lie, snapshot: SnapshotAssertion
) -> None:
    run = resilient_run()
    lie(run)
    verdict = judge_run(run.write(tmp_path))
    checks = {c.id: c for c in verdict.checks}
    assert checks[check_id].status == expected, checks[check_id].details
    assert verdict.status != "pass"
    assert "checker itself failed" not in " ".join(c.details for c in verdict.checks)
    assert row_of(verdict.checks, check_id, tmp_path) == snapshot


@pytest.mark.parametrize(
    "lie", [one[3] for one in LIES if one[2] == "fail"], ids=[o[0] for o in LIES if o[2] == "fail"]
)
def test_a_run_that_did_not_end_is_unknown_whatever_else_is_wrong_with_it(tmp_path: Path, lie: Lie) -> None:
    run = resilient_run()
    lie(run)
    run.session.update(complete=False)
    assert judge_run(run.write(tmp_path)).status == "unknown"


def test_a_run_killed_in_the_middle_of_its_fault_is_unknown(tmp_path: Path) -> None:
    run = resilient_run()
    run.session.update(complete=False, ended_at=None)
    del run.session["states"]
    run.rows[:] = run.rows[: 15 * RATE_RPS]
    run.raw["requests.csv.gz"] = requests_gz(run.rows)[:-11]
    run.fault.update(ended_at=None, ended_by=None, packets=0)
    run.fault["canary"].pop("after")
    run.artifacts.clear()
    run.without.update({"journal.json", "load-done.json", "series.json"})
    verdict = judge_run(run.write(tmp_path))
    assert verdict.status == "unknown"
    assert verdict.summary["load"]["requests"] > 0
    assert verdict.summary["fault"]["ended_at"] is None


def test_what_a_machine_cannot_do_is_skipped_and_still_no_pass(tmp_path: Path) -> None:
    run = resilient_run()
    lack_capability(run)
    verdict = judge_run(run.write(tmp_path))
    skipped = {c.id for c in verdict.checks if c.skipped}
    assert {"SYS_ACTIVITIES", "SYS_FAULT_HIT", "SYS_FAULT_ENDED", "SYS_FAULT_CANARY"} == skipped
    assert verdict.status == "unknown"


def test_an_experiment_without_a_fault_says_so_and_may_pass(tmp_path: Path) -> None:
    run = resilient_run()
    run.faults.clear()
    run.without.add("faults.jsonl")
    del run.experiment["method"][1], run.journal["run"][1]
    run.experiment["extensions"] = []
    verdict = judge_run(run.write(tmp_path))
    hit = next(c for c in verdict.checks if c.id == "SYS_FAULT_HIT")
    assert hit.status == "pass" and "no fault planned" in hit.details
    assert verdict.status == "pass"
    assert verdict.summary["fault"] is None


def test_a_fault_healed_by_a_rollback_counts_as_ended(tmp_path: Path) -> None:
    run = resilient_run()
    run.fault.update(ended_at=FAULT_END - 3, ended_by="heal", healed=True)
    ended = next(c for c in judge_run(run.write(tmp_path)).checks if c.id == "SYS_FAULT_ENDED")
    assert ended.status == "pass"


def test_an_instance_killed_on_purpose_did_not_die_by_itself(tmp_path: Path) -> None:
    run = resilient_run()
    instance(run, stops=1, restarts=1)
    run.readiness.append({"at": FAULT_END + 1, "instance": "app-b-1", "event": "exited", "detail": ""})
    assert judge_run(run.write(tmp_path)).status == "pass"


def test_a_kill_is_proved_by_what_the_target_saw(tmp_path: Path) -> None:
    run = resilient_run()
    run.fault.update(
        kind="kill", instance="app-b-1", packets=None, planned_s=None, expires_at=None, canary=None
    )
    run.session["variables"]["fault_instance"] = "app-b-1"
    run.experiment["method"][1]["provider"] = {"type": "python", "module": "actions.process", "func": "kill"}
    run.experiment["extensions"] = []
    instance(run, stops=1, restarts=1)
    hit = next(c for c in judge_run(run.write(tmp_path / "unseen")).checks if c.id == "SYS_FAULT_HIT")
    assert hit.status == "fail"
    run.readiness.append({"at": run.fault["applied_at"] + 0.01, "instance": "app-b-1", "event": "killed"})
    run.readiness.sort(key=lambda event: float(event["at"]))
    verdict = judge_run(run.write(tmp_path / "seen"))
    assert {c.id: c.details for c in verdict.checks if c.status != "pass"} == {}


def test_in_the_closed_model_a_slow_system_is_no_fault_of_the_load(tmp_path: Path) -> None:
    """Twenty workers that wait all the time make fewer requests than planned; twenty idle ones must not."""
    for latency_s, expected in ((2.0, "pass"), (0.5, "fail")):
        run = resilient_run()
        run.plan["model"] = "closed"
        run.rows[:] = [
            [n, at, at, at + latency_s, 200, "SUCCESS", "app-a-0", 1]
            for n, at in enumerate(LOAD_AT + 2 * (n // 20) for n in range(20 * DURATION_S // 2))
        ]
        run.recount()
        rate = next(c for c in judge_run(run.write(tmp_path / expected)).checks if c.id == "SYS_LOAD_RATE")
        assert rate.status == expected, rate.details


@pytest.mark.parametrize(
    ("said", "spoil"),
    [
        ("no row", lambda rows: rows.pop(700)),
        ("more than one row", lambda rows: rows.append(rows[3])),
    ],
)
def test_in_the_closed_model_which_may_send_less_no_row_may_be_lost_or_doubled(
    tmp_path: Path, said: str, spoil: Callable[[list[Any]], object]
) -> None:
    run = resilient_run()
    run.plan["model"] = "closed"
    del run.rows[1900:]
    run.recount()
    accounted = next(
        c for c in judge_run(run.write(tmp_path / "whole")).checks if c.id == "SYS_LOAD_ACCOUNTED"
    )
    assert accounted.status == "pass", accounted.details
    spoil(run.rows)
    run.recount()
    accounted = next(
        c for c in judge_run(run.write(tmp_path / "spoilt")).checks if c.id == "SYS_LOAD_ACCOUNTED"
    )
    assert accounted.status == "fail"
    assert said in accounted.details


def test_a_checker_that_crashes_has_found_nothing_out() -> None:
    def crash() -> Check:
        raise ZeroDivisionError("division by zero")

    check = guarded("SYS_X", "journal.json", crash)
    assert check.status == "unknown"
    assert "ZeroDivisionError: division by zero" in check.details
