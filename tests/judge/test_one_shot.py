"""A service that ends by itself: as the system file has it, a pass; otherwise a death that says how to write it."""

from chaosproof.judge.judge import judge_run
from tests.support.runs import LOAD_AT, resilient_run


def _instances_check(tmp_path, event, **state):
    run = resilient_run()
    run.session["instances"].append(
        {**run.session["instances"][0], "name": "migrate-0", "service": "migrate"}
    )
    run.session["states"]["migrate-0"] = {"alive": False, "ready": False, "restarts": 0, **state}
    run.readiness[:0] = [
        {"at": LOAD_AT - 3, "instance": "migrate-0", "event": "started", "detail": "pid 7"},
        {"at": LOAD_AT - 2, "instance": "migrate-0", "event": event, "detail": "exit code 0"},
    ]
    (check,) = (c for c in judge_run(run.write(tmp_path)).checks if c.id == "SYS_INSTANCES")
    return check


def test_an_end_that_the_system_file_asks_for_is_no_death(tmp_path):
    check = _instances_check(tmp_path, "completed", deaths=0, stops=1)
    assert check.status == "pass", check.details


def test_an_end_that_nobody_asked_for_says_how_to_ask_for_it(tmp_path):
    check = _instances_check(tmp_path, "exited", deaths=1, stops=0)
    assert check.status == "fail"
    assert (
        "migrate-0 died 1 time without being asked to: exit code 0; if migrate-0 is to end by itself"
        in check.details
    )
    assert "`one_shot: true`" in check.details
