"""A service that was deployed before the session: its process is older, its artifacts of this run."""

import pytest

from chaosproof.judge.judge import judge_run
from tests.support.runs import T0, metrics, resilient_run


def _artifacts(tmp_path, **cluster):
    run = resilient_run()
    run.session["cluster"] = cluster
    run.artifacts["app-a-0.prom"] = metrics("app-a-0", started_at=T0 - 3600)
    return next(check for check in judge_run(run.write(tmp_path)).checks if check.id == "SYS_ARTIFACTS")


def test_a_deployed_service_may_be_older_than_the_session(tmp_path):
    assert _artifacts(tmp_path, deployed=True).status == "pass"


def test_one_that_the_session_started_may_not(tmp_path):
    assert _artifacts(tmp_path, deployed=False).status == "fail"


@pytest.mark.parametrize(("deployed", "status"), [(True, "pass"), (False, "fail")])
def test_its_users_may_come_through_services_that_the_session_knows_nothing_of(tmp_path, deployed, status):
    run = resilient_run()
    run.session["cluster"] = {"deployed": deployed}
    run.session["instances"] = [one for one in run.session["instances"] if one["name"] != "app-a-1"]
    run.readiness[:] = [event for event in run.readiness if event["instance"] != "app-a-1"]
    checks = judge_run(run.write(tmp_path)).checks
    assert next(check for check in checks if check.id == "SYS_LOAD_ACCOUNTED").status == status
