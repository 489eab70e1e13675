"""A service that was deployed before the session: its process is older, its artifacts of this run."""

from chaosproof.evidence.judge import judge_run

from .runs import T0, metrics, resilient_run


def _artifacts(tmp_path, **cluster):
    run = resilient_run()
    run.session["cluster"] = cluster
    run.artifacts["app-a-0.prom"] = metrics("app-a-0", started_at=T0 - 3600)
    return next(check for check in judge_run(run.write(tmp_path)).checks if check.id == "SYS_ARTIFACTS")


def test_a_deployed_service_may_be_older_than_the_session(tmp_path):
    assert _artifacts(tmp_path, deployed=True).status == "pass"


def test_one_that_the_session_started_may_not(tmp_path):
    assert _artifacts(tmp_path, deployed=False).status == "fail"
