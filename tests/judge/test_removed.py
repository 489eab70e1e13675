"""An instance that was taken away in the middle of its fault: the run proves nothing, neither good nor bad."""

import pytest

from chaosproof.judge.judge import judge_run
from chaosproof.judge.next_steps import answer_of
from tests.support.runs import FAULT_AT, FAULT_END, resilient_run


def _run_with_a_death(at: float, detail: str):
    run = resilient_run()
    run.session["states"]["app-a-0"]["deaths"] = 1
    run.readiness.append({"at": at, "instance": "app-a-0", "event": "exited", "detail": detail})
    run.readiness.sort(key=lambda event: event["at"])
    run.claim(figure="load.errors", equals=0)
    return run


def test_a_pod_that_was_deleted_in_the_middle_of_its_fault_leaves_the_verdict_unknown(tmp_path):
    verdict = judge_run(_run_with_a_death(FAULT_AT + 2, "the pod was deleted exit code 143").write(tmp_path))
    assert verdict.status == "unknown"
    (instances,) = (check for check in verdict.checks if check.id == "SYS_INSTANCES")
    assert "the instance app-a-0 died 2.0 s into its fault: it was taken away" in instances.details
    assert not [check for check in verdict.checks if check.status == "fail"]


@pytest.mark.parametrize(
    ("at", "detail"),
    [(FAULT_AT + 2, "exit code 139"), (FAULT_END + 5, "the pod was deleted")],
    ids=["one that crashed", "one that was deleted when all was over"],
)
def test_another_death_is_still_a_failure(tmp_path, at, detail):
    verdict = judge_run(_run_with_a_death(at, detail).write(tmp_path))
    assert verdict.status == "fail"
    (instances,) = (check for check in verdict.checks if check.id == "SYS_INSTANCES")
    assert answer_of(instances) == f"app-a-0 died 1 time without being asked to: {detail}"


def test_an_instance_that_came_while_the_run_was_on_is_named_and_its_death_counts(tmp_path):
    def instances_with(name, **state):
        run = resilient_run()
        run.session["states"]["app-a-9"] = {**run.session["states"]["app-a-0"], **state}
        checks = judge_run(run.write(tmp_path / name)).checks
        return next(check for check in checks if check.id == "SYS_INSTANCES")

    assert answer_of(instances_with("alive")).endswith("; app-a-9 came while the run was on")
    dead = instances_with("dead", deaths=1, alive=False)
    assert (dead.status, answer_of(dead)) == ("fail", "app-a-9 died 1 time without being asked to")
