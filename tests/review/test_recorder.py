"""The journals of strangers are what a real Chaos Toolkit writes, and say nothing of the machine."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.review.recording.run import record
from tests.review.recording.scene import REVIEW

_ENVIRONMENT = Path(sys.executable).parents[1]
_SHELVES = ("kinds", "honest", "shapes", "versions")
_FOLDERS = sorted(folder for shelf in _SHELVES for folder in (REVIEW / shelf).glob("*/"))
_KEPT = sorted(file for shelf in _SHELVES for file in (REVIEW / shelf).glob("*/*-1.*.json"))
_TELLING = {"status", "type", "name", "tolerance_met", "steady_state_met", "deviated", "tolerance"}
_MACHINE = re.compile(
    r"/root\b|/home/|/work/|pyenv|/tmp/(?!review\b)|site-packages(?<!/tmp/review/site-packages)"
)
_ADDRESS = re.compile(r"https?://([\w.-]+)")


def shape(value: Any, key: str = "") -> Any:
    """The value with types instead of what differs from run to run; an exception by its last line's class."""
    if key == "exception":
        return value[-1].split(":")[0]
    if key in _TELLING and not isinstance(value, dict):
        return value
    if isinstance(value, dict):
        return {name: shape(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__


@pytest.mark.parametrize("name", ["method_probe_500", "no_hypothesis"])
def test_the_toolkit_of_today_writes_the_kept_journal(name, tmp_path):
    """Statuses, tolerances and keys of a new run are those of the journal that is kept."""
    folder = REVIEW / "kinds" / name
    recorded = record(folder, "1.19", tmp_path / name, _ENVIRONMENT, has_agent=False)
    assert recorded.journal is not None, recorded.log
    assert shape(json.loads(recorded.journal)) == shape(
        json.loads((folder / "journal-1.19.json").read_text())
    )
    assert recorded.exit_code == json.loads((folder / "runs.json").read_text())["1.19"]["exit_code"]
    assert telltales(recorded.journal) == set()


def telltales(text: str) -> set[str]:
    """What in the text belongs to one machine: paths, and hosts other than the loopback."""
    hosts = {host for host in _ADDRESS.findall(text) if host != "127.0.0.1"}
    return set(_MACHINE.findall(text)) | hosts


@pytest.mark.parametrize("folder", _FOLDERS, ids=lambda folder: f"{folder.parent.name}/{folder.name}")
def test_what_is_kept_of_an_experiment_is_whole_and_of_no_machine(folder):
    """A journal for each run of runs.json, small, of the node `host`, without a path or a host of the machine."""
    runs = json.loads((folder / "runs.json").read_text())
    assert {"1.19", "1.21"} <= set(runs)
    for label in runs:
        file = folder / f"journal-{label}.json"
        journal = json.loads(file.read_text())
        assert (journal["node"], journal["platform"]) == ("host", "Linux")
        assert file.stat().st_size < 60_000
    assert (folder / "agent-1.21.json").exists()
    for file in folder.glob("*-1.*.json"):
        assert telltales(file.read_text()) == set(), file.name


def test_all_that_is_kept_is_small():
    """Less than 3 MB in all, so that nobody minds to have it in the repository."""
    assert sum(file.stat().st_size for file in _KEPT) < 3_000_000
