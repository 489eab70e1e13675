"""The files that users copy into their CI: right by their schemas, and every step of theirs really run, here."""

import os
import re
import subprocess

import pytest
import yaml

from tests.support.chaos import REPOSITORY
from tests.support.chaos import SHORT as SHORT_RUN
from tests.support.schema_of_ci import ci_schema_objects

WORKFLOW = REPOSITORY / ".github" / "workflows" / "chaos.yml"
GITLAB = REPOSITORY / "docs" / "reference" / "ci" / "gitlab-ci.yml"

# S4, short: what is shown is that the steps work. The claim about the pool needs the whole rate.
# The gate binds the share that may fail to what the experiment says.
_LONGER = {**SHORT_RUN, "tolerated_error_ratio": 0.005, "rate_rps": 200, "duration_s": 22, "fault_s": 12}
SHORT = " ".join(f"--var {name}={value}" for name, value in _LONGER.items())


@pytest.mark.parametrize(
    ("schema", "file"),
    [("vendor.github-workflows", WORKFLOW), ("vendor.gitlab-ci", GITLAB)],
    ids=["github", "gitlab"],
)
def test_the_file_is_right_by_the_schema_of_its_ci(schema, file):
    assert ci_schema_objects(schema, file) == ""


def test_the_evidence_is_kept_also_when_the_gate_is_red():
    last = _job()["steps"][-1]
    assert last["uses"].startswith("actions/upload-artifact@")
    assert last["if"] == "always()"
    assert yaml.safe_load(GITLAB.read_text())["chaos-s4"]["artifacts"]["when"] == "always"


def test_the_workflow_may_only_read():
    assert yaml.safe_load(WORKFLOW.read_text())["permissions"] == {"contents": "read"}


@pytest.mark.lab
@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(420)
def test_every_step_of_the_workflow_runs_and_the_gate_is_green(tmp_path):
    said = _run_steps([step["run"] for step in _job()["steps"] if "run" in step], tmp_path)
    assert re.search(r"s4 +exit 0", said), said
    assert "gate s4: pass" in (tmp_path / "summary.md").read_text()
    assert (tmp_path / "runs" / "pack" / "junit.xml").stat().st_size > 0


@pytest.mark.lab
@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(420)
def test_the_workflow_is_red_when_the_patterns_do_not_help(tmp_path):
    lame = f"{SHORT} --var tolerated_error_ratio=0 --var fault_s=0.001"
    steps = [step["run"] for step in _job()["steps"] if "run" in step]
    drill = next(step for step in steps if "./run all" in step)
    done = _step(drill, tmp_path, lame)
    assert done.returncode in (1, 2), done.stdout + done.stderr
    summary = next(step for step in steps if "ci-summary" in step)
    assert "::error" in _step(summary, tmp_path, lame).stdout


def _job():
    return yaml.safe_load(WORKFLOW.read_text())["jobs"]["s4"]


def _run_steps(steps, folder):
    said = ""
    for step in steps:
        done = _step(step, folder, SHORT)
        said += done.stdout + done.stderr
        assert done.returncode == 0, f"{step}\n{said}"
    return said


def _step(step, folder, variables):
    """One `run` of the workflow, as the runner does it: bash, with errors ending it."""
    # a sysctl of this machine's own is not the test's to change
    if step.startswith("sudo sysctl"):
        step = "true"
    environment = {
        **os.environ,
        "CHAOS_VARIABLES": variables,
        "RUNS": str(folder / "runs"),
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
