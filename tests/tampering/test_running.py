"""Tampering at work while a run is on, each in a run of S4 as short as it can be."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosproof.judge.judge import judge_run
from tests.support.chaos import REPOSITORY
from tests.support.waiting import eventually
from tests.tampering.cases.live import CASES, CRASHES, STAGES, WRITTEN, LiveCase
from tests.tampering.live import environment, mutated_argv, run_mutated

pytestmark = [pytest.mark.lab, pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.mark.slow
def test_the_run_that_is_tampered_with_passes(tmp_path: Path) -> None:
    run = run_mutated(tmp_path)
    assert (run.exit_code, run.verdict.status) == (0, "pass"), run.printed


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=id, marks=[pytest.mark.slow] * case.slow) for id, case in CASES.items()],
)
def test_tampering_with_a_run_that_is_on_is_no_pass(tmp_path: Path, case: LiveCase) -> None:
    """The exit code, the row that must answer, and the verdict."""
    run = run_mutated(tmp_path, case.mutate, case.options)
    assert run.exit_code == (case.exit_code or run.exit_code) != 0, run.printed
    assert run.verdict.status in ([case.verdict] if case.verdict else ["fail", "unknown"])
    if case.check:
        assert run.status(case.check) in ([case.status] if case.status else ["fail", "unknown"])


def test_a_run_without_the_control_is_no_pass(tmp_path: Path) -> None:
    run = run_mutated(tmp_path, lambda e: e.pop("controls"))
    assert run.exit_code != 0, run.printed
    assert run.folder is None


@pytest.mark.slow
def test_a_control_that_crashes_leaves_a_run_that_is_unknown(tmp_path: Path) -> None:
    """Chaos Toolkit swallows what a control raises and may well exit 0: only the folder shows it."""
    run = run_mutated(
        tmp_path, lambda e: e["controls"][0]["provider"].update(module="tests.tampering.broken")
    )
    assert run.verdict.status == "unknown", run.printed


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITTEN)
def test_a_disk_that_is_full_when_a_file_is_written_is_no_pass(tmp_path: Path, name: str) -> None:
    run = run_mutated(tmp_path, SABOTAGE_FULL_DISK=name)
    assert run.exit_code != 0, run.printed
    assert "Traceback" not in run.printed


@pytest.mark.slow
@pytest.mark.parametrize("name", CRASHES)
def test_a_judge_that_crashes_is_no_pass(tmp_path: Path, name: str) -> None:
    run = run_mutated(tmp_path, SABOTAGE_CRASH=name)
    assert run.exit_code != 0, run.printed


def _events(folder: Path) -> Iterator[str]:
    for log in (folder / "journals").rglob("events.ndjson"):
        for line in log.read_text().splitlines():
            yield json.loads(line)["what"]


def _run_until(event: str, at: Path) -> tuple["subprocess.Popen[str]", Path, str]:
    """A true run that goes on, once it has written that event: its process, its folder and the name of its lab."""
    process = subprocess.Popen(
        mutated_argv(at, lambda experiment: None),
        cwd=REPOSITORY,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert eventually(lambda: event in _events(at), within_s=60)
    (folder,) = (at / "journals").glob("s4/*/*")
    return process, folder, json.loads((folder / "session.json").read_text())["lab"]


def test_a_fault_that_somebody_injects_into_the_same_lab_is_named(tmp_path: Path) -> None:
    """By hand, on the other instance and on no packet: the figures show nothing of it."""
    process, folder, lab = _run_until("method_begins", tmp_path)
    argv = [str(Path(sys.executable).with_name("chaosproof")), "inject", "drop", "--instance", "app-a-1"]
    with subprocess.Popen([*argv, "--port", "9", "--duration", "60s", "--lab", lab]) as inject:
        printed, _ = process.communicate(timeout=90)
        inject.kill()
    assert process.returncode == 1, printed
    hit = next(check for check in judge_run(folder).checks if check.id == "SYS_FAULT_HIT")
    assert hit.status == "unknown"
    assert "of another chaosproof process was on app-a-1 and is not of this run" in hit.details


def test_a_run_whose_lab_somebody_takes_down_is_unknown_and_says_so(tmp_path: Path) -> None:
    """By its name, in the middle of the fault: what the run saw from then on is no finding."""
    process, folder, lab = _run_until("fault_on", tmp_path)
    down = [str(Path(sys.executable).with_name("chaosproof")), "lab", "down", lab]
    subprocess.run(down, check=True, timeout=30)
    printed, _ = process.communicate(timeout=90)
    assert process.returncode == 1, printed
    verdict = judge_run(folder)
    assert verdict.status == "unknown"
    assert {check.status for check in verdict.checks} <= {"pass", "unknown"}
    whole = next(check for check in verdict.checks if check.id == "SYS_SESSION_COMPLETE")
    why = f"the lab {lab} of this run was ended by chaosproof lab down while the run was on"
    assert f"the run ended early: {why}" in whole.details
    assert why in printed and "Traceback" not in printed


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_a_run_killed_at_any_stage_is_unknown(tmp_path: Path, stage: str) -> None:
    process = subprocess.Popen(
        mutated_argv(tmp_path, lambda experiment: None),
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
