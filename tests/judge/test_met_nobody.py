"""A fault that nobody met proves nothing, however many packets it hit: those may be of health checks."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chaosproof.judge.judge import judge_run
from tests.support.runs import (
    FAULT_AT,
    FAULT_END,
    LOAD_AT,
    T0,
    Run,
    activity,
    ran,
    requests_gz,
    resilient_run,
)

Bend = Callable[[Run], object]


def hit(run: Run, folder: Path) -> tuple[str, str]:
    return next((c.status, c.details) for c in judge_run(run.write(folder)).checks if c.id == "SYS_FAULT_HIT")


def everything_to_the_other(run: Run, since: float = 0.0) -> None:
    for row in run.rows:
        if float(row[1]) >= since and row[4] == 200:
            row[6] = "app-a-1"


def out_of_use(run: Run) -> None:
    """The hit instance answered nothing before the fault, and the two errors came from nobody."""
    everything_to_the_other(run)
    for row in run.rows:
        row[6] = row[6] if row[4] == 200 else ""


def begun_under_the_fault(run: Run) -> None:
    """The load began when the fault was on: every request before its end is of the other instance."""
    out_of_use(run)
    run.fault.update(
        applied_at=run.fault["applied_at"] - 10, expires_at=FAULT_END - 10, ended_at=FAULT_END - 10
    )
    rows = [[n, T0 + 3, T0 + 3, T0 + 3.1, 200, "SUCCESS", "app-a-0", 1] for n in range(3)]
    run.raw["warmup/requests.csv.gz"] = requests_gz(rows)


@pytest.mark.parametrize(
    ("bend", "status"),
    [
        (out_of_use, "unknown"),
        (begun_under_the_fault, "pass"),
        (lambda run: everything_to_the_other(run, since=FAULT_AT - 5), "pass"),
    ],
)
def test_an_instance_that_answered_nothing_before_and_under_the_fault_was_in_nobodys_way(
    tmp_path: Path, bend: Bend, status: str
) -> None:
    run = resilient_run()
    bend(run)
    answer, details = hit(run, tmp_path)
    assert answer == status, details
    if status == "unknown":
        assert "reset on app-a-0 met nobody: of 999 requests that were answered before it" in details
        assert "give the load more connections, or time before the fault (at_s)" in details


def behind(run: Run, spoke_with: object = None, **fault: object) -> Run:
    """The fault is a pause of app-b-1, of a service that no row names, unless `fault` says otherwise."""
    expects = {"proof": "events", "events": ["paused"]}
    run.fault.update(
        instance="app-b-1", kind="pause", direction=None, selector={}, packets=None, expects=expects
    )
    run.fault.update(fault)
    if spoke_with is not None:
        run.fault.update(spoke_with=spoke_with)
    run.readiness.append({"at": FAULT_AT, "instance": "app-b-1", "event": "paused", "detail": ""})
    run.session["variables"].pop("fault_instance")
    method = (run.experiment["method"], [entry["activity"] for entry in run.journal["run"]])
    for activities in method:
        activities[1]["provider"].update(module="chaosproof.actions.process", func="pause", arguments={})
    return run


def fails(run: Run, since: float, until: float, every: int = 1) -> None:
    """Requests fail, and nobody is named."""
    for row in run.rows:
        if since <= float(row[1]) < until and row[0] % every == 0:
            row[4:7] = 503, "UNAVAILABLE", ""


def met_by(run: Run, caller: str) -> None:
    run.experiment["extensions"][0]["met_by"] = {"app-b": caller}


def called(run: Run, to: str, began_at: float) -> None:
    call = activity("a call", "chaosproof.probes.fault", "connect", instance="app-a-0", to=to)
    run.experiment["method"].append(call)
    run.journal["run"].append(ran(call, {}) | {"start": iso(began_at), "end": iso(began_at + 0.5)})


PORT = {"port": 50051, "port_side": "destination", "peer": None, "protocol": "tcp"}
CUT = {"kind": "drop", "packets": 412, "expects": {"proof": "packets"}}


@pytest.mark.parametrize(
    ("bend", "status"),
    [
        pytest.param(lambda run: behind(run, {}), "unknown", id="nobody spoke with it"),
        pytest.param(lambda run: behind(run), "unknown", id="nobody looked"),
        pytest.param(lambda run: behind(run, {"app-a-0": FAULT_AT - 1}), "pass", id="another spoke with it"),
        pytest.param(lambda run: behind(run, {"app-a-0": LOAD_AT - 8}), "unknown", id="before the load"),
        pytest.param(
            lambda run: behind(run, {}, **CUT, direction="ingress", selector=PORT),
            "unknown",
            id="a health check",
        ),
        pytest.param(
            lambda run: behind(run, {}, **CUT, direction="egress", selector=PORT), "pass", id="its own calls"
        ),
        pytest.param(
            lambda run: behind(run, {}, **CUT, direction="ingress", selector=PORT | {"peer": "app-a"}),
            "pass",
            id="a peer's packets",
        ),
        pytest.param(
            lambda run: behind(run, {}, **CUT, direction="ingress", selector=PORT | {"peer": "10.0.0.0/8"}),
            "unknown",
            id="packets of a network",
        ),
        pytest.param(
            lambda run: fails(behind(run, {}), FAULT_AT, FAULT_END, every=10), "pass", id="requests felt it"
        ),
        pytest.param(
            lambda run: fails(behind(run, {}), LOAD_AT, FAULT_END, every=10),
            "unknown",
            id="requests failed as before",
        ),
        pytest.param(
            lambda run: fails(behind(run, {}, planned_s=None, ended_at=FAULT_AT), FAULT_AT, FAULT_AT + 1),
            "pass",
            id="a kill was felt",
        ),
        pytest.param(
            lambda run: called(behind(run, {}), "app-b-1", FAULT_AT + 1), "pass", id="a probe called it"
        ),
        pytest.param(
            lambda run: called(behind(run, {}), "app-b-1", FAULT_END + 1), "unknown", id="a probe came late"
        ),
        pytest.param(
            lambda run: called(behind(run, {}), "app-a-1", FAULT_AT + 1),
            "unknown",
            id="a probe called another",
        ),
        pytest.param(lambda run: met_by(behind(run, {}), "app-a"), "pass", id="the experiment says who"),
        pytest.param(lambda run: met_by(behind(run, {}), "app-b"), "unknown", id="it says itself"),
        pytest.param(lambda run: met_by(behind(run, {}), "other"), "unknown", id="it says who is not there"),
    ],
)
def test_behind_the_scenes_something_has_to_show_that_a_fault_met_anybody(
    tmp_path: Path, bend: Bend, status: str
) -> None:
    run = resilient_run()
    for row in run.rows:
        row[4:6] = 200, "SUCCESS"
    bend(run)
    run.recount()
    answer, details = hit(run, tmp_path)
    assert answer == status, details
    if status == "unknown":
        assert "on app-b-1 met anybody: no request was answered by app-b, " in details
        assert '"met_by": {"app-b": "SERVICE"}' in details


def test_a_fault_beside_that_of_another_instance_needs_more_than_failed_requests(tmp_path: Path) -> None:
    run = behind(resilient_run(), {})
    other = run.fault | {"id": "2", "instance": "app-b-0", "spoke_with": {"app-a-0": FAULT_AT}}
    run.faults.append(other)
    run.readiness.append({"at": FAULT_AT, "instance": "app-b-0", "event": "paused", "detail": ""})
    fails(run, FAULT_AT, FAULT_END)
    status, details = hit(run, tmp_path)
    assert "nothing shows that pause on app-b-1" in details
    assert "pause on app-b-0 met" not in details, status


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


@pytest.mark.parametrize(
    ("module", "began_at", "ended_at", "status"),
    [
        ("chaosproof.probes.fault", FAULT_AT + 1, FAULT_AT + 2, "pass"),
        ("tests.k6", FAULT_AT - 5, FAULT_END + 5, "pass"),
        ("chaosproof.probes.fault", FAULT_AT - 5, FAULT_AT - 4, "unknown"),
        ("chaosproof.probes.fault", FAULT_END + 4, FAULT_END + 5, "unknown"),
        ("chaosproof.probes.readiness", FAULT_AT + 1, FAULT_AT + 2, "unknown"),
    ],
)
def test_without_a_load_some_activity_must_run_under_the_fault(
    tmp_path: Path, module: str, began_at: float, ended_at: float, status: str
) -> None:
    run = resilient_run()
    call = activity("a call", module, "connect", instance="app-a-0")
    run.journal["run"][:] = [
        run.journal["run"][1] | {"start": iso(FAULT_AT), "end": iso(FAULT_AT + 0.1)},
        ran(call, {}) | {"start": iso(began_at), "end": iso(ended_at)},
    ]
    run.experiment["method"][:] = [run.experiment["method"][1], call]
    run.experiment["extensions"][0]["no_fault"] = ["a call"]
    run.without.update({"requests.csv.gz", "load-plan.json", "load-done.json", "load-progress.ndjson"})
    answer, details = hit(run, tmp_path)
    assert answer == status, details
    if status == "unknown":
        assert (
            "no load was on, and no other activity ran meanwhile, so its 412 packets may be health checks"
            in details
        )
