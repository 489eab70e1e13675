"""The catalogue as files: every fault has its experiment, every claim its measurement, and the page says the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from chaoslib.experiment import ensure_experiment_is_valid
from chaoslib.loader import load_experiment

import chaosproof.actions.network
import chaosproof.actions.process
from chaosproof.experiment.experiment import mistakes_of
from tests.support.chaos import REPOSITORY

FOLDER = REPOSITORY / "experiments" / "catalogue"
FILES = sorted(FOLDER.glob("*.json"))
# verbs that end a fault or wait for its end
ENDS = {"heal", "resume", "wait_until_ended"}

every_experiment = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def test_every_fault_has_an_experiment_and_no_experiment_lacks_its_fault():
    verbs = {*chaosproof.actions.network.__all__, *chaosproof.actions.process.__all__} - ENDS
    assert {file.stem for file in FILES} == verbs


@every_experiment
def test_an_experiment_is_valid_and_its_claims_are_well_formed(file: Path):
    experiment = load_experiment(str(file))
    ensure_experiment_is_valid(experiment)
    assert mistakes_of(experiment) == ()
    assert experiment["extensions"][0]["experiment"] == f"catalogue-{file.stem.replace('_', '-')}"
    assert experiment["runtime"]["rollbacks"]["strategy"] == "always"


@every_experiment
def test_an_experiment_claims_what_it_measures_while_the_fault_acts_and_afterwards(file: Path):
    experiment = json.loads(file.read_text())
    method = experiment["method"]
    places = {activity["name"]: place for place, activity in enumerate(method)}
    assert len(places) == len(method), "two activities of one name: a claim could not tell them apart"
    begins = next(place for place, activity in enumerate(method) if activity["type"] == "action")
    assert method[begins]["provider"]["func"] == file.stem
    over = begins
    for place, activity in enumerate(method):
        if activity["provider"]["func"] in ("wait_until_ended", "restart"):
            over = place
    measured = {
        places[claim["figure"].removeprefix("activities.").rpartition(".")[0]]
        for claim in experiment["extensions"][0]["checks"]
    }
    assert any(place > over for place in measured)
    # a restart is over when it returns; what shows it is what was so before and is not so after
    assert any((place < begins) if file.stem == "restart" else (begins < place < over) for place in measured)


@every_experiment
def test_what_is_measured_between_a_lasting_fault_and_its_end_is_measured_under_it(file: Path):
    method = json.loads(file.read_text())["method"]
    waits = [place for place, one in enumerate(method) if one["provider"]["func"] == "wait_until_ended"]
    if not waits:
        assert file.stem in ("kill", "terminate", "restart"), "a fault that lasts must be waited for"
        return
    # a partition is a drop on both sides; `state` and `log_mentions` ask the target, at once
    kind = "drop" if file.stem == "partition" else file.stem
    during = [
        one["provider"]
        for one in method[1 : waits[0]]
        if one["provider"]["func"] not in ("state", "log_mentions")
    ]
    assert during
    assert [provider["arguments"].get("under") for provider in during] == [kind] * len(during)


@pytest.mark.parametrize("file", sorted(FOLDER.parent.rglob("*.json")), ids=lambda file: file.stem)
def test_an_experiment_with_a_network_fault_lets_the_caller_choose_its_backend(file: Path):
    """Chaos Toolkit passes on `--var backend=` only where the experiment has such a variable."""
    experiment = json.loads(file.read_text())
    modules = {one["provider"].get("module") for one in experiment["method"] if one["type"] == "action"}
    assert ("backend" in experiment["configuration"]) == ("chaosproof.actions.network" in modules)


def test_the_page_is_what_the_generator_prints():
    printed = subprocess.run(
        [sys.executable, "docs/reference/generate_catalogue.py"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert (REPOSITORY / "docs" / "reference" / "catalogue.md").read_text() == printed.stdout
