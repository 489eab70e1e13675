"""The GitLab component: right by its schema, and every line of it really run, from a wheel, on somebody's repository.

.venv/bin/python -m pytest -m slow tests/ci/test_component.py
"""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml

from tests.support.chaos import REPOSITORY
from tests.support.ci_jobs import SHORT_ARGS, build_wheel, comments_api, own_repository, run_step
from tests.support.schema_of_ci import ci_schema_objects

COMPONENT = REPOSITORY / "templates" / "chaosproof" / "template.yml"
HEAD, JOB = COMPONENT.read_text(encoding="utf-8").split("\n---\n")
INPUTS: dict[str, dict[str, Any]] = yaml.safe_load(HEAD)["spec"]["inputs"]


def filled_in(value: Any, inputs: dict[str, str]) -> Any:
    """The job with its inputs, which GitLab fills into the texts of what it has read, not into the file."""
    if isinstance(value, dict):
        return {key: filled_in(item, inputs) for key, item in value.items()}
    if isinstance(value, list):
        return [filled_in(item, inputs) for item in value]
    if not isinstance(value, str):
        return value
    return re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda match: inputs[match[1]], value)


def job(**inputs: str) -> dict[str, Any]:
    given = {name: inputs.get(name, declared["default"]) for name, declared in INPUTS.items()}
    filled: dict[str, Any] = filled_in(yaml.safe_load(JOB), given)["chaosproof"]
    return filled


def test_it_is_right_by_the_schema_of_gitlab(tmp_path: Path) -> None:
    file = tmp_path / ".gitlab-ci.yml"
    file.write_text(yaml.safe_dump({"chaosproof": job()}))
    assert ci_schema_objects("vendor.gitlab-ci", file) == ""


def test_no_input_stands_inside_of_a_script_and_every_one_is_used() -> None:
    raw = yaml.safe_load(JOB)["chaosproof"]
    lines = [*raw["before_script"], *raw["script"], *raw["after_script"]]
    assert not [line for line in lines if "$[[" in line]
    assert [name for name in INPUTS if f"inputs.{name} ]]" not in JOB] == []


def test_the_evidence_is_kept_also_when_the_drill_is_red() -> None:
    assert job()["artifacts"]["when"] == "always"


def test_a_command_that_is_none_is_refused(tmp_path: Path) -> None:
    done = run_step(
        job()["script"][0], tmp_path, {**job()["variables"], "COMMAND": "rm", "ARGS": "'$(touch x)'"}
    )
    assert done.returncode == 64
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the lines of `before_script` have set up, by a wheel of this repository."""
    folder = tmp_path_factory.mktemp("job")
    wheel = build_wheel(tmp_path_factory.mktemp("wheel"))
    variables = {**job(wheel=str(wheel))["variables"], "VENV": str(folder / "venv")}
    for line in job()["before_script"]:
        done = run_step(line, folder, variables)
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
    return variables["VENV"]


@pytest.mark.lab
@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("command", "shielded", "code"), [("all", True, 0), ("drill", False, 1)])
def test_a_drill_is_run_said_noted_and_kept(
    command: str, shielded: bool, code: int, venv: str, tmp_path: Path
) -> None:
    folder = own_repository(tmp_path / "mine", shielded=shielded)
    args = f"{SHORT_ARGS} --var 'note=$(touch pwned)'"
    filled = job(command=command, experiment="shop-web-reset", args=args)
    with comments_api() as notes:
        variables = {
            **filled["variables"],
            "VENV": venv,
            "CHAOSPROOF_TOKEN": "t0ken",
            "CI_API_V4_URL": notes.url,
            "CI_PROJECT_ID": "3",
            "CI_MERGE_REQUEST_IID": "7",
        }
        done = run_step("\n".join(filled["script"]), folder, variables)
        assert done.returncode == code, done.stdout + done.stderr
        after = run_step("\n".join(filled["after_script"]), folder, variables)
        assert after.returncode == 0, after.stderr
    text = (folder / "chaosproof-verdict.md").read_text()
    assert len(text.splitlines()) == 4
    (note,) = notes.written
    assert note["path"] == "/projects/3/merge_requests/7/notes"
    assert note["headers"]["PRIVATE-TOKEN"] == "t0ken"
    assert parse_qs(note["body"])["body"] == [text]
    assert not (folder / "pwned").exists()
    assert list(folder.glob(filled["artifacts"]["reports"]["junit"]))
