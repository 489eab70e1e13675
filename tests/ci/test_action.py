"""The GitHub Action: right by its schema, and every `run` of it really run, from a wheel, on two servers of somebody's.

.venv/bin/python -m pytest -m slow tests/ci/test_action.py
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from chaosproof.init.write.ci_job import job_files
from tests.support.chaos import REPOSITORY
from tests.support.ci_jobs import SHORT_ARGS, build_wheel, comments_api, own_repository, run_step
from tests.support.schema_of_ci import ci_schema_objects

ACTION = REPOSITORY / "action.yml"
DOCUMENT = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = DOCUMENT["runs"]["steps"]
PINNED = re.compile(r"[\w-]+/[\w-]+@v\d+\.\d+\.\d+")


def scripts() -> dict[str, str]:
    """The scripts, by the names of their steps."""
    return {step["name"]: step["run"] for step in STEPS if "run" in step}


def test_it_is_right_by_the_schema_of_github() -> None:
    assert ci_schema_objects("vendor.github-actions", ACTION) == ""


def test_no_expression_stands_inside_of_a_script() -> None:
    """What somebody names a branch, or gives as an input, must not become a command."""
    assert len(scripts()) >= 6
    assert not [name for name, script in scripts().items() if "${{" in script]


def test_the_actions_that_it_uses_are_pinned_by_version() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert len(used) >= 2
    assert all(PINNED.fullmatch(name) for name in used)


def test_every_input_is_used() -> None:
    text = json.dumps(STEPS)
    assert [name for name in DOCUMENT["inputs"] if f"inputs.{name}" not in text] == []


def test_the_evidence_is_kept_and_said_also_when_the_drill_is_red() -> None:
    after = STEPS[[step.get("id") for step in STEPS].index("run") + 1 :]
    assert all(step["if"].startswith("always() && ") for step in after)
    assert after[-1]["uses"].startswith("actions/upload-artifact@")


def test_a_command_that_is_none_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    output = tmp_path / "output"
    done = run_step(
        scripts()["run"],
        tmp_path,
        {
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_OUTPUT": str(output),
            "ARGS": "",
            "EXPERIMENT": "",
            "COMMAND": "$(touch x);\n::warning::y",
        },
    )
    assert done.returncode == 64
    assert "::error::command is drill or all" in done.stdout
    assert not output.exists() and not (tmp_path / "x").exists()
    assert "\n::warning" not in done.stdout


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A runner on which the steps up to the drill have been run, by a wheel of this repository."""
    temp = tmp_path_factory.mktemp("runner")
    variables = {
        "RUNNER_TEMP": str(temp),
        "WHEEL": str(build_wheel(tmp_path_factory.mktemp("wheel"))),
        "VERSION": "",
    }
    for name, script in scripts().items():
        if name == "run":
            break
        # a sysctl of this machine's own is not the test's to change
        script = "true" if "sysctl" in script else script
        done = run_step(script, temp, variables)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
    yield variables


@pytest.mark.lab
@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("command", "shielded", "verdict"),
    [("drill", True, "pass"), ("drill", False, "fail"), ("all", True, "pass")],
)
def test_a_drill_is_run_said_commented_and_kept(
    command: str, shielded: bool, verdict: str, runner: dict[str, str], tmp_path: Path
) -> None:
    """On a repository of two servers; an argument that would be a command in a shell is a word like any other."""
    folder = own_repository(tmp_path / "mine", shielded=shielded)
    temp = tmp_path / "temp"
    temp.mkdir()
    (temp / "chaosproof").symlink_to(Path(runner["RUNNER_TEMP"]) / "chaosproof")
    with comments_api() as comments:
        variables = {
            **runner,
            "RUNNER_TEMP": str(temp),
            "GITHUB_OUTPUT": str(temp / "output"),
            "GITHUB_STEP_SUMMARY": str(temp / "summary.md"),
            "GITHUB_API_URL": comments.url,
            "GITHUB_REPOSITORY": "me/mine",
            "COMMAND": command,
            "EXPERIMENT": "shop-web-reset",
            "ARGS": f"{SHORT_ARGS} --var 'note=$(touch pwned)'",
            "TOKEN": "t0ken",
            "PULL_REQUEST": "7",
        }
        done = run_step(scripts()["run"], folder, variables)
        assert (done.returncode == 0) is (verdict == "pass"), done.stdout + done.stderr
        outputs = dict(line.split("=", 1) for line in (temp / "output").read_text().splitlines())
        assert outputs["verdict"] == verdict
        variables["EVIDENCE"] = outputs["evidence"]
        for name in ("say it where people look", "comment on the pull request"):
            said = run_step(scripts()[name], folder, variables)
            assert said.returncode == 0, said.stderr
            assert "::warning::" not in said.stdout
    summary = (temp / "summary.md").read_text()
    assert len(summary.splitlines()) == 4 and f": {verdict}" in summary.splitlines()[0]
    (comment,) = comments.written
    assert comment["path"] == "/repos/me/mine/issues/7/comments"
    assert comment["headers"]["Authorization"] == "Bearer t0ken"
    assert json.loads(comment["body"]) == {"body": summary}
    assert not (folder / "pwned").exists()
    kept = Path(outputs["evidence"])
    assert (kept / "meta/pack.json").is_file() if command == "all" else list(kept.rglob("summary.json"))


@pytest.mark.parametrize("missing", ["TOKEN", "PULL_REQUEST"])
def test_without_a_token_or_a_pull_request_nothing_is_written(missing: str, tmp_path: Path) -> None:
    (tmp_path / "chaosproof-verdict.md").write_text("### pass\n")
    with comments_api() as comments:
        variables = {
            "TOKEN": "t",
            "PULL_REQUEST": "7",
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_API_URL": comments.url,
        }
        done = run_step(scripts()["comment on the pull request"], tmp_path, {**variables, missing: ""})
    assert (done.returncode, comments.written) == (0, [])


def test_a_comment_that_is_refused_is_a_warning_and_no_failure(tmp_path: Path) -> None:
    (tmp_path / "chaosproof-verdict.md").write_text("### pass\n")
    with comments_api(status=403) as comments:
        variables = {
            "TOKEN": "t",
            "PULL_REQUEST": "7",
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_API_URL": comments.url,
        }
        done = run_step(
            scripts()["comment on the pull request"], tmp_path, {**variables, "GITHUB_REPOSITORY": "me/mine"}
        )
    assert done.returncode == 0
    assert "::warning::" in done.stdout and len(comments.written) == 1


@pytest.mark.lab
@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_job_that_init_writes_is_green_where_users_notice_nothing(
    runner: dict[str, str], tmp_path: Path
) -> None:
    """Each `run` of it, as it stands, in a place where the wheel is installed."""
    folder = own_repository(tmp_path / "mine", shielded=True)
    ((_, text),) = job_files("github", folder, PurePosixPath("experiments"), (), "0").files.items()
    job = yaml.safe_load(text)["jobs"]["chaos"]
    venv = Path(runner["RUNNER_TEMP"]) / "chaosproof" / "bin"
    variables = {
        **job["env"],
        "CHAOSPROOF": runner["WHEEL"],
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "PATH": f"{venv}:{os.environ['PATH']}",
    }
    for step in job["steps"]:
        script = step.get("run", "true")
        # a sysctl of this machine's own is not the test's to change
        done = run_step("true" if "sysctl" in script else script, folder, variables)
        assert done.returncode == 0, f"{script}: {done.stdout}{done.stderr}"
    assert "gate all: pass" in (tmp_path / "summary.md").read_text()
    assert (folder / job["steps"][-1]["with"]["path"] / "meta/pack.json").is_file()
