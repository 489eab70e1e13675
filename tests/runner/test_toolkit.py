"""What a user of Chaos Toolkit expects of a repository: it validates, and its activities can be discovered."""

import inspect
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from chaoslib.experiment import ensure_experiment_is_valid
from chaoslib.loader import load_experiment

from tests.support.chaos import REPOSITORY


def _chaos(*arguments: str) -> "subprocess.CompletedProcess[str]":
    argv = [str(Path(sys.executable).with_name("chaos")), "--no-version-check", "--no-log-file", *arguments]
    return subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "file", sorted((REPOSITORY / "experiments").rglob("*.json")), ids=lambda file: file.stem
)
def test_every_experiment_is_valid_and_always_rolls_back(file):
    experiment = load_experiment(str(file))
    ensure_experiment_is_valid(experiment)  # what `chaos validate` calls
    assert experiment["runtime"]["rollbacks"]["strategy"] == "always"


def test_the_command_of_the_toolkit_finds_the_modules_of_an_experiment():
    validated = _chaos("validate", "experiments/s4.json")
    assert validated.returncode == 0, validated.stderr


@pytest.fixture(scope="module")
def discovered(tmp_path_factory):
    path = tmp_path_factory.mktemp("discover") / "discovery.json"
    done = _chaos("discover", "--no-install", "--discovery-path", str(path), "chaosproof")
    assert done.returncode == 0, done.stderr
    return json.loads(path.read_text())["activities"]


def test_actions_and_probes_are_discovered(discovered):
    names = {(activity["type"], activity["mod"], activity["name"]) for activity in discovered}
    assert {
        ("action", "chaosproof.actions.load", "start"),
        ("action", "chaosproof.actions.network", "reset"),
        ("action", "chaosproof.actions.network", "heal"),
        ("probe", "chaosproof.probes.load", "error_ratio"),
        ("probe", "chaosproof.probes.readiness", "ready_instances"),
    } <= names


def test_every_activity_has_documentation_and_plain_argument_types(discovered):
    plain = {"string", "integer", "number", "boolean", "list", "mapping"}
    wrong = [
        (activity["mod"], activity["name"], argument)
        for activity in discovered
        for argument in activity.get("arguments", [])
        if argument.get("type") not in plain
    ]
    assert wrong == []
    assert [activity["name"] for activity in discovered if not (activity.get("doc") or "").strip()] == []


def test_every_discovered_activity_can_be_called_by_its_name(discovered):
    for activity in discovered:
        function = getattr(import_module(activity["mod"]), activity["name"])
        assert "configuration" in inspect.signature(function).parameters
