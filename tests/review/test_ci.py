"""The GitHub Action and the GitLab component that only review: right by their schemas, and their steps really run."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.chaos import REPOSITORY
from tests.support.schema_of_ci import ci_schema_objects

ACTION = REPOSITORY / ".github" / "actions" / "review" / "action.yml"
COMPONENT = REPOSITORY / "templates" / "review.yml"
KIND = REPOSITORY / "tests" / "review" / "kinds" / "too_soon"


def test_the_action_is_right_by_its_schema() -> None:
    """GitHub's own, as check-jsonschema carries it."""
    assert ci_schema_objects("vendor.github-actions", ACTION) == ""


def test_the_component_is_right_by_the_schema_of_gitlab(tmp_path: Path) -> None:
    """Its job, with the inputs filled in as GitLab does."""
    spec, job = component()
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text(job, encoding="utf-8")
    assert set(spec) == {"stage", "paths", "source", "ref"}
    assert "$[[" not in job
    assert ci_schema_objects("vendor.gitlab-ci", file) == ""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_steps_of_the_action_review_in_a_place_that_has_nothing_installed(tmp_path: Path) -> None:
    """The packages of the review alone are enough, and the job is as red as the review."""
    steps = yaml.safe_load(ACTION.read_text(encoding="utf-8"))["runs"]["steps"]
    install, review = (run(step["run"], tmp_path) for step in steps)
    assert install.returncode == 0, install.stderr
    assert review.returncode == 2, review.stderr
    assert "::warning file=" in review.stdout
    assert "checked-too-soon" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert all((tmp_path / name).stat().st_size for name in ("review.sarif", "review.xml", "review.html"))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_script_of_the_component_reviews(tmp_path: Path) -> None:
    """From a clone of the repository, as the job makes one."""
    _, job = component(source=str(REPOSITORY), ref="HEAD", paths=f"{KIND}/journal-1.21.json")
    lines = yaml.safe_load(job)["chaosproof-review"]
    scripts = [
        line.replace("/tmp/chaosproof", f"{tmp_path}/c")
        for line in (*lines["before_script"], *lines["script"])
    ]
    *before, script = [run(line, tmp_path, lines["variables"]) for line in scripts]
    assert [done.returncode for done in before] == [0] * len(before), [done.stderr for done in before]
    assert (script.returncode, "checked-too-soon" in script.stdout) == (2, True), script.stderr


def component(**inputs: str) -> tuple[dict[str, Any], str]:
    """The inputs of the component, and its job with them or their defaults filled in."""
    head, _, job = COMPONENT.read_text(encoding="utf-8").partition("\n---\n")
    spec: dict[str, Any] = yaml.safe_load(head)["spec"]["inputs"]
    for name, declared in spec.items():
        job = job.replace(f"$[[ inputs.{name} ]]", inputs.get(name, declared["default"]))
    return spec, job


def run(step: str, folder: Path, variables: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A step as a runner does it: bash, with errors ending it."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        **(variables or {}),
        "RUNNER_TEMP": str(folder),
        "GITHUB_ACTION_PATH": str(ACTION.parent),
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "SARIF": "review.sarif",
        "JUNIT": "review.xml",
        "HTML": "review.html",
    }
    environment.setdefault("PATHS", f"{KIND}/journal-1.21.json {KIND}/experiment.json")
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
