"""A run made by tests/support/runs.py, with one thing changed."""

import gzip
import json
from typing import Any

from tests.support.runs import DURATION_S, FAULT_END, LOAD_AT, RATE_RPS, T0, Run, metrics, requests_gz
from tests.tampering.case import FAIL, UNKNOWN, Table

__all__ = ["CASES", "instance", "lack_capability"]


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


def completed(run: Run) -> None:
    """Its death is the end of a one-shot service, in the session and in what was seen of it."""
    instance(run, alive=False, stops=1)
    run.readiness.append(
        {"at": FAULT_END + 1, "instance": "app-b-1", "event": "completed", "detail": "exit code 0"}
    )


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


CASES: Table = {
    "SYS_SESSION_COMPLETE": {
        "the session never ended": (UNKNOWN, lambda r: r.session.update(complete=False)),
        "complete is the word true": (UNKNOWN, lambda r: r.session.update(complete="true")),
        "the run was interrupted": (UNKNOWN, lambda r: r.session.update(interrupted="SIGTERM")),
        "session.json is gone": (UNKNOWN, lambda r: r.without.add("session.json")),
        "session.json is half": (UNKNOWN, lambda r: half(r, "session.json")),
        "the journal is gone": (UNKNOWN, lambda r: r.without.add("journal.json")),
        "the toolkit was interrupted": (UNKNOWN, lambda r: status(r, "interrupted")),
        "the toolkit aborted": (UNKNOWN, lambda r: status(r, "aborted")),
        "the session has no mode": (UNKNOWN, lambda r: r.session.pop("mode")),
        "it ended before it began": (FAIL, lambda r: r.session.update(ended_at=T0 - 1)),
        "it is not known when the session ended": (UNKNOWN, lambda r: r.session.update(ended_at=None)),
        "something could not be saved": (
            UNKNOWN,
            lambda r: r.session.update(not_saved="series of Prometheus: No space left on device"),
        ),
    },
    "SYS_STEADY_STATE_AFTER": {
        "the journal is half": (UNKNOWN, lambda r: half(r, "journal.json")),
        "not steady after": (FAIL, lambda r: met(r, "after", False)),
        "after was never measured": (UNKNOWN, lambda r: state(r, "after", None)),
        "met is null": (UNKNOWN, lambda r: met(r, "after", None)),
        "met without one probe": (UNKNOWN, lambda r: probes(r, "after").clear()),
        "a probe's tolerance was not met": (FAIL, lambda r: tolerance(r, False)),
        "the probe crashed": (UNKNOWN, crash_probe),
        "no hypothesis at all": (UNKNOWN, lambda r: r.experiment.pop("steady-state-hypothesis")),
        "the experiment ran dry": (UNKNOWN, lambda r: r.experiment.update(dry="activities")),
    },
    "SYS_STEADY_STATE_BEFORE": {
        "not steady before": (FAIL, lambda r: met(r, "before", False)),
        "before was never measured": (UNKNOWN, lambda r: state(r, "before", None)),
    },
    "SYS_ACTIVITIES": {
        "an activity failed": (FAIL, lambda r: r.journal["run"][2].update(status="failed")),
        "one activity ran dry": (UNKNOWN, lambda r: r.journal["run"][2]["activity"].update(dry=True)),
        "a probe of the method missed its tolerance": (
            FAIL,
            lambda r: r.journal["run"][2].update(tolerance_met=False),
        ),
        "an activity never ended": (FAIL, lambda r: r.journal["run"][0].pop("status")),
        "an activity never ran": (UNKNOWN, lambda r: r.journal["run"].pop()),
        "nothing ran": (UNKNOWN, lambda r: r.journal["run"].clear()),
        "all was dry": (UNKNOWN, lambda r: r.experiment.update(dry="actions")),
        "the machine lacks netem": (UNKNOWN, lack_capability),
    },
    "SYS_LOAD_ACCOUNTED": {
        "how many requests were planned is not known": (UNKNOWN, lambda r: r.done.pop("planned")),
        "no rows to account for": (FAIL, lambda r: r.without.add("requests.csv.gz")),
        "a row is missing": (FAIL, lambda r: r.rows.pop(700)),
        "the last row is missing": (FAIL, lambda r: r.rows.pop()),
        "a missing row is counted away": (FAIL, lambda r: (r.rows.pop(700), r.recount())),
        "failed rows were dropped": (FAIL, drop_failed),
        "a row is there twice": (FAIL, lambda r: r.rows.append(r.rows[3])),
        "a row was put in another's place": (FAIL, lambda r: r.rows.__setitem__(4, r.rows[3])),
        "a row is no row": (FAIL, lambda r: r.rows.__setitem__(4, ["what"] * 8)),
        "an answer before its question": (FAIL, lambda r: r.rows[4].__setitem__(3, T0)),
        "a latency that is not a number": (FAIL, lambda r: r.rows[4].__setitem__(3, "nan")),
        "errors were painted green": (FAIL, paint_green),
        "rows of yesterday": (FAIL, lambda r: shift_rows(r, -86400)),
        "the load was stopped": (FAIL, lambda r: r.done.update(complete=False, stopped_by="SIGTERM")),
        "the load's end is gone": (UNKNOWN, lambda r: r.without.add("load-done.json")),
        "the rows are torn": (UNKNOWN, tear_after_last_row),
        "done says other counts": (FAIL, lambda r: r.done.update(ok=2000, errors=0)),
        "plan and count disagree": (FAIL, lambda r: r.plan.update(duration_s=DURATION_S - 1)),
    },
    "SYS_ROLLBACKS": {
        "a rollback failed": (FAIL, lambda r: r.journal["rollbacks"][0].update(status="failed")),
        "no rollback ran": (UNKNOWN, lambda r: r.journal["rollbacks"].clear()),
    },
    "SYS_LOAD_RATE": {
        "half the rate was sent": (FAIL, lambda r: thin(r, keep=2)),
        "94 % of the rate was sent": (FAIL, lambda r: unsent(r, 0.06)),
        "the plan was slower than asked": (FAIL, lambda r: r.session["variables"].update(rate_rps=500)),
        "the plan was shorter than asked": (FAIL, lambda r: r.session["variables"].update(duration_s=60)),
        "all was sent in a burst": (FAIL, burst),
        "the plan is gone": (UNKNOWN, lambda r: r.without.add("load-plan.json")),
        "no rows": (UNKNOWN, lambda r: r.without.add("requests.csv.gz")),
    },
    "SYS_FAULT_HIT": {
        "no packet was hit": (FAIL, lambda r: r.fault.update(packets=0)),
        "no side of a partition hit anything": (
            FAIL,
            lambda r: r.fault.update({"packets": 0, "note": "partition of app-a and app-b"}),
        ),
        "packets are not known": (UNKNOWN, lambda r: r.fault.update(packets=None)),
        "its kind is not known": (UNKNOWN, lambda r: r.fault.update(kind="unheard-of")),
        "what proves it is not said": (UNKNOWN, lambda r: r.fault.update(schema_version=2)),
        "packets are a word": (UNKNOWN, lambda r: r.fault.update(packets="412")),
        "another instance was hit": (FAIL, lambda r: r.fault.update(instance="app-a-1")),
        "an instance that is not there": (FAIL, hit_nobody),
        "no fault was recorded": (FAIL, lambda r: r.without.add("faults.jsonl")),
        "an empty ledger": (FAIL, lambda r: r.faults.clear()),
        "half a ledger": (FAIL, lambda r: half(r, "faults.jsonl")),
        "a second row is torn": (UNKNOWN, torn_second_fault),
        "the fault never went on": (FAIL, lambda r: r.fault.update(applied_at=None)),
        "the fault had an error": (FAIL, lambda r: r.fault.update(error="nft said no")),
        "a shorter fault than asked": (FAIL, shorter_fault),
        "another port than asked": (FAIL, lambda r: r.fault["selector"].update(port=50052)),
        "another port number than asked": (FAIL, lambda r: ask(r, port_number=50052)),
        "the fault after the load": (FAIL, lambda r: shift_fault(r, 31)),
    },
    "SYS_FAULT_ENDED": {
        "it outlived its deadline": (FAIL, lambda r: r.fault.update(ended_at=FAULT_END + 0.6)),
        "it ended too soon": (FAIL, lambda r: r.fault.update(ended_at=FAULT_END - 0.6)),
        "it was not seen to end": (FAIL, lambda r: r.fault.update(ended_at=None)),
        "its expiry was set too late": (FAIL, lambda r: r.fault.update(expires_at=FAULT_END + 9)),
        "a fault without a duration": (FAIL, lambda r: r.fault.update(planned_s=None)),
    },
    "SYS_FAULT_CANARY": {
        "a blackhole, not a reset": (FAIL, lambda r: canary(r, during="timeout")),
        "the canary got through": (FAIL, lambda r: canary(r, during="open")),
        "closed before the fault": (FAIL, lambda r: canary(r, before="refused")),
        "closed after the fault": (FAIL, lambda r: canary(r, after="refused")),
        "no canary was sent": (UNKNOWN, lambda r: r.fault.pop("canary")),
        "the canary says none": (UNKNOWN, lambda r: canary(r, during="none")),
    },
    "SYS_ARTIFACTS": {
        "an artifact is missing": (FAIL, lambda r: r.artifacts.pop("app-b-2.metrics")),
        "an artifact is empty": (FAIL, lambda r: r.artifacts.update({"app-a-1.log": ""})),
        "nothing was expected": (UNKNOWN, lambda r: r.session.update(expected_artifacts=[])),
        "metrics of another run": (
            FAIL,
            lambda r: r.artifacts.update({"app-a-0.prom": metrics("app-a-0", T0 - 3600)}),
        ),
        "a log of another run": (
            FAIL,
            lambda r: r.artifacts.update({"app-a-0.log": json.dumps({"at": T0 - 3600})}),
        ),
        "metrics copied from a sibling": (
            FAIL,
            lambda r: r.artifacts.update({"app-b-1.metrics": r.artifacts["app-b-0.metrics"]}),
        ),
        "a load.json of another load": (
            FAIL,
            lambda r: r.artifacts.update({"load.json": json.dumps({"DurationHistogram": {"Count": 7}})}),
        ),
        "a load.json that is none": (FAIL, lambda r: r.artifacts.update({"load.json": "{}"})),
        "an artifact outside of its folder": (
            FAIL,
            lambda r: r.session["expected_artifacts"].append("../session.json"),
        ),
    },
    "SYS_INSTANCES": {
        "an instance died": (FAIL, lambda r: instance(r, deaths=1)),
        "an instance is gone": (FAIL, lambda r: instance(r, alive=False)),
        "an instance's end is not known": (UNKNOWN, lambda r: r.session["states"].pop("app-b-1")),
        "no states": (UNKNOWN, lambda r: r.session.pop("states")),
        "no instances": (UNKNOWN, lambda r: r.session.update(instances=[])),
        "who exited is not known": (UNKNOWN, lambda r: r.without.add("readiness.ndjson")),
        "no instance was ever seen": (UNKNOWN, lambda r: r.readiness.clear()),
        "a death that is called the end of a one-shot service": (FAIL, completed),
        "an exit that nobody counted": (
            FAIL,
            lambda r: r.readiness.append(
                {"at": FAULT_END + 1, "instance": "app-b-0", "event": "exited", "detail": ""}
            ),
        ),
    },
    "C05r": {
        "too many UNAVAILABLE": (FAIL, lambda r: many_unavailable(r)),
    },
    "C90": {
        "a claim on nothing": (UNKNOWN, lambda r: r.claim(figure="load.nonsense", at_most=1)),
        "a claim on null": (
            UNKNOWN,
            lambda r: (
                r.claim(figure="recovery_s", at_most=1),
                r.fault.update(ended_at=FAULT_END + 0.4),
                trim_after_fault(r),
            ),
        ),
        "a claim without a bound": (FAIL, lambda r: r.claim(figure="load.p99_ms")),
        "a claim with a mistyped bound": (FAIL, lambda r: r.claim(figure="load.p99_ms", atmost=1)),
        "a claim on an unknown variable": (UNKNOWN, lambda r: r.claim(figure="load.${what}", at_most=1)),
        "a claim that is not true": (FAIL, lambda r: r.claim(figure="load.p99_ms", at_most=1)),
    },
}
