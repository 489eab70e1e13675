"""The faults of a run are those that its actions called for, each where its own action says."""

from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.judge import judge_run
from tests.support.runs import FAULT_AT, Run, activity, ran, resilient_run


def hit(run: Run, folder: Path) -> tuple[str, str]:
    return next((c.status, c.details) for c in judge_run(run.write(folder)).checks if c.id == "SYS_FAULT_HIT")


def with_second_fault(**recorded: Any) -> Run:
    """The run with an action more, which reset app-a-1, and the fault that it left."""
    run = resilient_run()
    action = activity(
        "the other too", "chaosproof.actions.network", "reset", instance="app-a-1", port="50051", duration_s=3
    )
    row = run.fault | {"id": "f2", "instance": "app-a-1", "planned_s": 3.0, "applied_at": FAULT_AT + 1}
    row |= {"expires_at": FAULT_AT + 4, "ended_at": FAULT_AT + 4} | recorded
    run.experiment["method"].append(action)
    run.journal["run"].append(ran(action, {"id": "f2"}))
    run.faults.append(row)
    return run


def test_two_faults_on_two_instances_that_the_method_names_are_fine(tmp_path: Path) -> None:
    assert hit(with_second_fault(), tmp_path)[0] == "pass"


def test_the_instance_that_the_experiment_names_must_be_among_those_hit(tmp_path: Path) -> None:
    run = with_second_fault()
    del run.faults[0]
    status, message = hit(run, tmp_path)
    assert status == "fail"
    assert "no fault is on app-a-0, which fault_instance names, but on app-a-1" in message


@pytest.mark.parametrize(
    ("recorded", "message"),
    [
        ({"instance": "app-a-0"}, "'the other too' asked for instance app-a-1, and the fault has app-a-0"),
        ({"kind": "drop"}, "asked for kind reset, and the fault has drop"),
        ({"planned_s": 2.0}, "asked for duration_s 3, and the fault has 2.0"),
        ({"selector": {"protocol": "tcp", "port": 7000}}, "asked for port 50051, and the fault has 7000"),
    ],
)
def test_a_fault_is_held_to_the_arguments_of_its_own_action(
    tmp_path: Path, recorded: dict[str, Any], message: str
) -> None:
    status, details = hit(with_second_fault(**recorded), tmp_path)
    assert status == "fail" and message in details


def test_a_magnitude_is_held_to_its_argument_and_no_peer_is_none(tmp_path: Path) -> None:
    run = with_second_fault(magnitude={"delay_ms": 80.0})
    run.fault["selector"]["peer"] = run.faults[1]["selector"]["peer"] = None
    run.experiment["method"][-1]["provider"]["arguments"].update(delay_ms="80", peer="")
    assert hit(run, tmp_path / "as-asked")[0] == "pass"
    run.experiment["method"][-1]["provider"]["arguments"].update(delay_ms=800)
    assert "asked for delay_ms 800, and the fault has 80.0" in hit(run, tmp_path / "weaker")[1]
