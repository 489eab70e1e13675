"""`chaosproof.actions.app` on a real app-b in a lab, and on a target that lies.

.venv/bin/python -m pytest tests/scenarios/test_disturb.py
"""

import gzip
import json
import sys
from pathlib import Path

import pytest

from chaosproof.actions import app
from chaosproof.demo.plugin import disturbance
from chaosproof.demo.plugin import instance_http as ask_http
from chaosproof.demo.plugin.answers import answers_since
from chaosproof.errors import ChaosproofError, TargetError, UsageError
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.process import ProcessFaults
from chaosproof.probes.app import executions
from chaosproof.runner.session import Session
from chaosproof.targets import Instance
from chaosproof.targets.local.target import LocalTarget
from tests.support.fake_target import FakeTarget
from tests.support.small_lab import running_lab

ROOT = Path(__file__).parents[2]
APP_B = f"""\
services:
  app-b:
    command: [{sys.executable}, -m, chaosproof.demo.grpc.app_b]
    working_dir: {ROOT}
    replicas: 2
    ports: {{grpc: 50051, http: 8080}}
    healthcheck: {{http: /readyz, port: http, interval_s: 0.05, timeout_s: 20}}
    metrics: {{path: /metrics, port: http}}
  app-a:
    command: [{sys.executable}, -m, chaosproof.demo.grpc.app_a]
    working_dir: {ROOT}
    environment: {{APP_B_ADDRESS: "app-b:50051"}}
    ports: {{http: 8080}}
    healthcheck: {{http: /readyz, port: http, interval_s: 0.05, timeout_s: 20}}
    depends_on: [app-b]
"""
WORK = "import http.client as h; c = h.HTTPConnection('app-a', 8080); c.request('GET', '/api/work'); c.getresponse()"


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    with running_lab(tmp_path_factory.mktemp("pair"), APP_B) as lab:
        yield LocalTarget(lab.name)


@pytest.fixture
def configuration(target):
    yield {
        "chaosproof_session": Session(None, target, target.lab, FaultEngine(target), ProcessFaults(target))
    }
    disturbance.end(target, "app-b")


def disturbed(target) -> list[bool]:
    return ["b_disturbed 1.0" in target.metrics(one.name) for one in target.instances("app-b")]


@pytest.mark.lab
def test_all_instances_are_disturbed_and_settled(target, configuration):
    answer = app.disturb("app-b", delay_ms=200, fail_rate=0.3, configuration=configuration)
    assert disturbed(target) == [True, True]
    assert {name: said["disturbance"] for name, said in answer["instances"].items()} == {
        name: {"B_DELAY_MS": 200, "FAIL_RATE": 0.3, "duration_s": 60.0} for name in ("app-b-0", "app-b-1")
    }
    for _ in range(2):
        app.settle("app-b", configuration=configuration)
        assert disturbed(target) == [False, False]


@pytest.mark.lab
def test_a_disturbance_ends_by_itself_and_the_receipt_says_what_met_it(target, configuration):
    app.disturb("app-b", delay_ms=5, duration_s=1.5, configuration=configuration)
    assert target.run("app-b-0", ["python", "-c", WORK]).exit_code == 0
    receipt = disturbance.receipt_when_ended(target, "app-b")
    assert disturbed(target) == [False, False]
    assert (receipt["received"], receipt["executed"]) == (1, 1)
    assert 1.4 < receipt["lasted_s"] < 3
    assert 0.005 < receipt["busy_s"] == pytest.approx(receipt["busiest_ratio"] * receipt["lasted_s"], rel=0.2)


@pytest.mark.lab
def test_a_disturbance_that_no_call_met_did_not_happen(target, configuration):
    app.disturb("app-b", delay_ms=5, duration_s=0.1, configuration=configuration)
    with pytest.raises(ChaosproofError, match="No call reached app-b"):
        disturbance.receipt_when_ended(target, "app-b")


@pytest.mark.lab
def test_a_disturbance_that_was_ended_early_has_no_receipt(target, configuration):
    app.disturb("app-b", delay_ms=5, duration_s=60, configuration=configuration)
    app.settle("app-b", configuration=configuration)
    with pytest.raises(ChaosproofError, match=r"was disturbed for 0\.\d+ s of 60 s"):
        disturbance.receipt_when_ended(target, "app-b")


@pytest.mark.lab
def test_a_service_that_cannot_disturb_itself_says_so_and_an_unknown_one_too(configuration):
    with pytest.raises(ChaosproofError, match=r"app-a-0 answered 404 to PUT /disturb"):
        app.disturb("app-a", delay_ms=5, configuration=configuration)
    with pytest.raises(TargetError, match="no service 'app-c'"):
        app.disturb("app-c", delay_ms=5, configuration=configuration)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({}, "nothing to disturb"),
        ({"delay_ms": 0.5}, "delay_ms must be a whole number"),
        ({"delay_ms": -1}, "delay_ms must be"),
        ({"fail_rate": 1.5}, "fail_rate must be between 0 and 1"),
        ({"fail_rate": "x"}, "fail_rate must be a number"),
        ({"delay_ms": 200, "duration_s": 0}, "duration_s must be more than zero"),
        ({"delay_ms": 200, "duration_s": 301}, "above the ceiling"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_asked(arguments, named):
    with pytest.raises(UsageError, match=named):
        app.disturb("app-b", **arguments, configuration={"lab": "none"})


def test_settling_a_run_that_never_began_is_harmless():
    assert app.settle("app-b", configuration={"mode": "resilient"}) == {"instances": {}}


def _fake(*answers: tuple[int, str]) -> FakeTarget:
    """A target whose instances b-0, b-1, ... answer so, by exit code and output."""
    names = [f"b-{number}" for number in range(len(answers))]
    target = FakeTarget(
        [Instance(name, "b", f"10.0.0.{n}", ports={"http": 8080}) for n, name in enumerate(names)]
    )
    for number, (code, said) in enumerate(answers):
        target.answer(
            [*["python", "-I", "-S", "-c"], ask_http._ASK, f"10.0.0.{number}"], said, exit_code=code
        )
    return target


def _said(**changes: object) -> str:
    state = {
        "on": False,
        "disturbance": {"B_DELAY_MS": 200, "duration_s": 60},
        "began_at": 1000.0,
        "lasted_s": 60.0,
        "account": {"received": 10, "busy_s": 30.0},
    }
    return f"200\n{json.dumps({**state, **changes})}"


def test_when_one_instance_refuses_none_is_left_disturbed():
    target = _fake((0, _said(on=True)), (0, '400\n{"error": "FAIL_RATE is 2: give a number from 0 to 1."}'))
    with pytest.raises(ChaosproofError, match=r"b-1 answered 400 to PUT .*FAIL_RATE is 2"):
        disturbance.begin(target, "b", {"FAIL_RATE": 2.0, "duration_s": 60})
    assert "DELETE" in target.commands("b-0")[-1]


def test_the_receipt_adds_up_what_the_instances_met():
    target = _fake((0, _said()), (0, _said(account={"received": 30, "busy_s": 60.0}, began_at=999.0)))
    receipt = disturbance.receipt_when_ended(target, "b")
    assert (receipt["received"], receipt["busiest_ratio"], receipt["began_at"]) == (40, 1.0, 999.0)


def test_an_instance_that_forgot_its_disturbance_was_restarted_and_is_no_receipt():
    with pytest.raises(ChaosproofError, match="b-1 knows of no disturbance"):
        disturbance.receipt_when_ended(_fake((0, _said()), (0, _said(disturbance=None))), "b")


def test_a_dead_instance_has_nothing_to_settle():
    target = _fake((0, _said()), (1, "connection refused"))
    target.set_state("b-1", alive=False)
    assert list(disturbance.end(target, "b")) == ["b-0"]


def test_the_requests_of_a_disturbance_are_those_due_since_it_began_and_so_are_their_errors(tmp_path):
    header = "seq,due_at,sent_at,done_at,status,code,instance,attempts\n"
    rows = [
        f"{n},{1000 + n},{1000 + n},{1000 + n}.5,{500 if n in (2, 5, 9) else 200},X,app-a-0,1\n"
        for n in range(10)
    ]
    with gzip.open(tmp_path / "requests.csv.gz", "wt") as file:
        file.writelines([header, *rows])
    assert answers_since(tmp_path, 1004.0) == (6, 2)


def _with_work(*works: tuple[int, str]) -> dict[str, object]:
    """The configuration of a run whose instances counted so many works, and tell these ids."""
    target = _fake(*((0, f"200\n{ids}") for _, ids in works))
    for number, (counted, _) in enumerate(works):
        target.set_pages(
            f"b-{number}",
            metrics=f"# TYPE b_requests_completed counter\nb_requests_completed_total {counted}\n",
        )
    return {"chaosproof_session": Session(None, target, "fake", FaultEngine(target), ProcessFaults(target))}


def test_work_that_two_instances_did_for_one_id_was_done_twice():
    assert executions("b", _with_work((2, "x\ny\n"), (1, "x\n"))) == {"executed": 3, "ids": 2, "twice": 1}
    assert executions("b", _with_work((2, "x\ny\n"), (1, "z\n")))["twice"] == 0


def test_an_instance_that_forgot_some_of_its_work_proves_nothing():
    with pytest.raises(ChaosproofError, match="b-0 did 3 works and remembers 2 of them"):
        executions("b", _with_work((3, "x\ny\n")))
