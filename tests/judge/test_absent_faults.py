"""A run in which nothing of ours put a fault on proves nothing about one, unless it says that it has none."""

from pathlib import Path
from typing import Any

import pytest

from chaosproof.experiment.experiment import mistakes_of
from chaosproof.experiment.method_actions import OWN_MODULES
from chaosproof.judge.judge import judge_run
from chaosproof.runfolder.checks import Check
from tests.support.runs import Run, activity, disturbed, ran, resilient_run

KILL = {"type": "action", "name": "kill the shop", "provider": {"type": "process", "path": "true"}}
DISTURB = activity("app-b is slow", "chaosproof.actions.app", "disturb", service="app-b")
FAULT_CHECKS = ("SYS_FAULT_HIT", "SYS_FAULT_ENDED", "SYS_FAULT_CANARY")


def without_fault(*others: Any) -> Run:
    """The run with these activities in the place of its fault."""
    run = resilient_run()
    run.faults.clear()
    run.without.add("faults.jsonl")
    run.experiment["method"][1:2] = others
    run.journal["run"][1:2] = [ran(other, {"status": 0}) for other in others]
    return run


def fault_checks(run: Run, folder: Path) -> list[Check]:
    checks = {check.id: check for check in judge_run(run.write(folder)).checks}
    return [checks[id] for id in FAULT_CHECKS]


@pytest.mark.parametrize(
    ("others", "sentence"),
    [
        ([KILL], "of 'kill the shop' (process true) nothing recorded whether it hit anything"),
        ([KILL], 'or, for what is not the fault, write "no_fault": ["kill the shop"] into the extension'),
        ([DISTURB], "add chaosproof.actions.app.wait_until_ended for it after the load"),
        ([], 'or write "no_fault": true into the extension'),
        (
            [activity("is it up", "chaosproof.probes.app", "executions")],
            "the method has no action but its load",
        ),
    ],
)
def test_a_fault_that_nobody_recorded_is_not_known(tmp_path: Path, others: list[Any], sentence: str) -> None:
    checks = fault_checks(without_fault(*others), tmp_path)
    assert [check.status for check in checks] == ["unknown"] * 3
    assert sentence in checks[0].details


def test_an_experiment_that_says_it_has_no_fault_passes(tmp_path: Path) -> None:
    run = without_fault(KILL)
    run.experiment["extensions"][0]["no_fault"] = True
    assert [check.status for check in fault_checks(run, tmp_path)] == ["pass"] * 3


def test_a_disturbance_that_the_service_saw_end_is_proven(tmp_path: Path) -> None:
    run = disturbed(without_fault(DISTURB), 1_800_000_020.0, 5.0, FAIL_RATE=0.3)
    assert [check.status for check in fault_checks(run, tmp_path)] == ["pass"] * 3


def test_a_fault_of_ours_does_not_vouch_for_that_of_others(tmp_path: Path) -> None:
    """Beside our fault the method kills something: whether it did is not known, unless it is no fault."""
    run = resilient_run()
    run.experiment["method"].append(KILL)
    run.journal["run"].append(ran(KILL, {"status": 0}))
    assert [check.status for check in fault_checks(run, tmp_path / "1")] == ["unknown", "pass", "pass"]
    run.experiment["extensions"][0]["no_fault"] = ["kill the shop"]
    assert [check.status for check in fault_checks(run, tmp_path / "2")] == ["pass"] * 3


def test_who_says_there_is_no_fault_and_has_one_is_wrong(tmp_path: Path) -> None:
    run = resilient_run()
    run.experiment["extensions"][0]["no_fault"] = True
    hit = fault_checks(run, tmp_path)[0]
    assert hit.status == "fail"
    assert "take that word out" in hit.details


@pytest.mark.parametrize(
    ("no_fault", "mistake"),
    [
        (True, "no_fault is true, and the method calls a fault: 'reset'"),
        (["resett"], "no_fault: there is no action 'resett' in the method; did you mean reset?"),
        (
            ["reset"],
            "no_fault: 'reset' calls chaosproof.actions.network, chaosproof.actions.process, "
            "chaosproof.actions.nats, which are faults",
        ),
        ([], "no_fault is empty"),
        ("yes", "no_fault must be of type boolean or array, not 'yes'"),
    ],
)
def test_a_fault_that_is_denied_is_refused_before_the_run(no_fault: Any, mistake: str) -> None:
    experiment = resilient_run().experiment
    experiment["extensions"][0].update(experiment="checkout", no_fault=no_fault)
    assert mistake in mistakes_of(experiment)


def test_every_module_with_actions_is_known_to_the_verdict() -> None:
    """Adding one here means to say what proves its actions."""
    files = {f"chaosproof.actions.{file.stem}" for file in Path("chaosproof/actions").glob("[!_]*.py")}
    assert files == set(OWN_MODULES)
