"""Liars at work while a run is on: in the experiment, in the code around it, on the disk, and with SIGKILL."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.judge import judge_run
from tests.support.chaos import REPOSITORY
from tests.support.waiting import eventually
from tests.tampering.live import bent_argv, environment, run_bent

pytestmark = [pytest.mark.lab, pytest.mark.e2e, pytest.mark.timeout(120)]

BROKEN = {"type": "python", "module": "tests.tampering.broken", "func": "raises"}
LOAD, RESET, _, READY, FINISH, _ = range(6)


def _provider(experiment: Any, place: int) -> Any:
    return experiment["method"][place]["provider"]


# --- in the experiment -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_run_that_the_liars_spoil_passes(tmp_path: Path) -> None:
    run = run_bent(tmp_path)
    assert (run.exit_code, run.verdict.status) == (0, "pass"), run.printed


def test_a_fault_action_that_raises_is_no_pass(tmp_path: Path) -> None:
    run = run_bent(tmp_path, lambda e: e["method"][RESET].update(provider=BROKEN))
    assert run.exit_code == 1, run.printed
    assert run.status("SYS_ACTIVITIES") == "fail"


def test_a_run_without_the_control_is_no_pass(tmp_path: Path) -> None:
    run = run_bent(tmp_path, lambda e: e.pop("controls"))
    assert run.exit_code != 0, run.printed
    assert run.folder is None


@pytest.mark.slow
def test_a_control_that_crashes_leaves_a_run_that_is_unknown(tmp_path: Path) -> None:
    """Chaos Toolkit swallows what a control raises and may well exit 0: only the folder tells, and it does."""
    run = run_bent(tmp_path, lambda e: e["controls"][0]["provider"].update(module="tests.tampering.broken"))
    assert run.verdict.status == "unknown", run.printed


@pytest.mark.slow
def test_a_rollback_that_fails_is_no_pass(tmp_path: Path) -> None:
    run = run_bent(
        tmp_path, lambda e: e["rollbacks"].append({"type": "action", "name": "heal", "provider": BROKEN})
    )
    assert run.exit_code == 1, run.printed
    assert run.status("SYS_ROLLBACKS") == "fail"


@pytest.mark.slow
def test_a_probe_that_raises_is_no_pass(tmp_path: Path) -> None:
    run = run_bent(tmp_path, lambda e: e["method"][READY].update(provider=BROKEN))
    assert run.exit_code == 1, run.printed
    assert run.status("SYS_ACTIVITIES") == "fail"


@pytest.mark.slow
def test_a_hypothesis_that_raises_before_the_method_is_no_pass(tmp_path: Path) -> None:
    run = run_bent(tmp_path, lambda e: e["steady-state-hypothesis"]["probes"][0].update(provider=BROKEN))
    assert run.exit_code == 1, run.printed
    assert run.verdict.status in ("fail", "unknown")


@pytest.mark.slow
def test_a_steady_state_that_was_not_met_before_is_no_pass(tmp_path: Path) -> None:
    run = run_bent(tmp_path, lambda e: e["steady-state-hypothesis"]["probes"][-1].update(tolerance=3))
    assert run.exit_code == 1, run.printed
    assert run.status("SYS_STEADY_STATE_BEFORE") == "fail"


@pytest.mark.slow
def test_a_load_that_never_starts_is_no_pass(tmp_path: Path) -> None:
    run = run_bent(tmp_path, lambda e: e["method"].pop(LOAD))
    assert run.exit_code == 1, run.printed
    assert run.verdict.status in ("fail", "unknown")


@pytest.mark.slow
def test_a_load_at_half_the_rate_is_no_pass(tmp_path: Path) -> None:
    run = run_bent(tmp_path, lambda e: _provider(e, LOAD)["arguments"].update(rate_rps=50))
    assert run.exit_code == 1, run.printed
    assert run.status("SYS_LOAD_RATE") == "fail"


@pytest.mark.slow
def test_a_fault_on_the_wrong_instance_is_no_pass(tmp_path: Path) -> None:
    run = run_bent(tmp_path, lambda e: _provider(e, RESET)["arguments"].update(instance="app-a-1"))
    assert run.exit_code == 1, run.printed
    assert run.status("SYS_FAULT_HIT") == "fail"


@pytest.mark.slow
def test_a_fault_that_hits_nothing_is_no_pass(tmp_path: Path) -> None:
    run = run_bent(tmp_path, lambda e: _provider(e, RESET)["arguments"].update(port=50059))
    assert run.exit_code == 1, run.printed
    assert run.verdict.status == "fail"


@pytest.mark.slow
def test_an_experiment_with_no_checks_is_no_pass(tmp_path: Path) -> None:
    def bend(experiment: Any) -> None:
        del experiment["steady-state-hypothesis"]
        experiment["extensions"][0].update(checks=[], compare=[])

    run = run_bent(tmp_path, bend)
    assert run.exit_code == 1, run.printed
    assert run.verdict.status == "unknown"


# --- on the command line ---------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--dry activities", "SYS_ACTIVITIES"),
        ("--dry actions", "SYS_ACTIVITIES"),
        ("--dry probes", "SYS_ACTIVITIES"),
        ("--rollback-strategy never", "SYS_ROLLBACKS"),
        ("--hypothesis-strategy before-method-only", "SYS_STEADY_STATE_AFTER"),
        ("--hypothesis-strategy after-method-only", "SYS_STEADY_STATE_BEFORE"),
        ("--hypothesis-strategy during-method-only", "SYS_STEADY_STATE_BEFORE"),
    ],
)
def test_a_run_of_which_a_part_was_left_out_is_no_pass(tmp_path: Path, options: str, says: str) -> None:
    run = run_bent(tmp_path, options=options.split())
    assert run.exit_code != 0, run.printed
    assert run.status(says) != "pass"
    assert run.verdict.status != "pass"


# --- on the disk, and in the code ------------------------------------------------------------------------------------

WRITTEN = (
    *(
        "session.json",
        "experiment.json",
        "events.ndjson",
        "readiness.ndjson",
        "load-plan.json",
        "load-progress.ndjson",
    ),
    *("load-done.json", "requests.csv.gz", "faults.jsonl", "app-a-0.prom", "app-b-2.metrics", "app-a-1.log"),
    *("series.json", "load.json", "journal.json", "checks.tsv", "summary.json", "timeline.json", "junit.xml"),
    *("report.html", "MANIFEST.sha256"),
)


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITTEN)
def test_a_disk_that_is_full_when_a_file_is_written_is_no_pass(tmp_path: Path, name: str) -> None:
    run = run_bent(tmp_path, LIAR_FULL_DISK=name)
    assert run.exit_code != 0, run.printed
    assert "Traceback" not in run.printed


@pytest.mark.slow
@pytest.mark.parametrize("name", ["journal.json", "summary.json"])
def test_a_judge_that_crashes_is_no_pass(tmp_path: Path, name: str) -> None:
    run = run_bent(tmp_path, LIAR_CRASH=name)
    assert run.exit_code != 0, run.printed


# --- SIGKILL ---------------------------------------------------------------------------------------------------------

STAGES = (
    *("session_begun", "target_ready", "load_begun", "hypothesis_begins", "method_begins"),
    *("fault_on", "fault_off", "load_ended", "rollbacks_begin"),
)


def _events(folder: Path) -> Iterator[str]:
    for log in (folder / "journals").rglob("events.ndjson"):
        for line in log.read_text().splitlines():
            yield json.loads(line)["what"]


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_run_killed_at_any_stage_is_unknown(tmp_path: Path, stage: str) -> None:
    process = subprocess.Popen(
        bent_argv(tmp_path, lambda experiment: None),
        cwd=REPOSITORY,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert eventually(lambda: stage in set(_events(tmp_path)), within_s=60)
    finally:
        process.kill()
        process.wait()
    (folder,) = (tmp_path / "journals").glob("s4/*/*")
    verdict = judge_run(folder)
    assert verdict.status == "unknown"
    assert {c.status for c in verdict.checks} <= {"pass", "unknown"}
