"""The scenarios as data: every number has a name with its unit, every claim a bound, and nothing is named in vain.

.venv/bin/python -m pytest tests/scenarios/test_files.py
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from chaosproof.compare.same_settings import paths_that_differ
from chaosproof.experiment.claims import claims_of
from chaosproof.experiment.experiment import mistakes_of
from chaosproof.experiment.modes import overlays_of, variants_of
from chaosproof.targets.system.values import load_values

ROOT = Path(__file__).parents[2]
SCENARIOS = ["s1", "s2", "s3", "s4", "s4-idle"]
# What the session and the controls read by name, without a `${...}` in the file.
READ_BY_THE_SESSION = {"mode", "target", "system", "journals", "warmup_s", "backend"}
# A number's unit stands last in its name; these are counts and switches.
UNITS = ("_s", "_ms", "_rps", "_ratio", "_ratio_min", "_ratio_max", "_port", "_limit", "_per_request")
COUNTS = {"connections", "seed", "calls_per_request_min", "calls_per_request_max"}


def experiment(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((ROOT / f"experiments/{name}.json").read_text())
    return content


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_claim_is_malformed(name):
    assert mistakes_of(experiment(name)) == ()
    assert claims_of(experiment(name), "checks") and claims_of(experiment(name), "compare")


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_number_of_the_configuration_says_its_unit(name):
    numbers = {key for key, value in experiment(name)["configuration"].items() if type(value) in (int, float)}
    assert {key for key in numbers - COUNTS if not key.endswith(UNITS)} == set()


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_variable_is_used_and_every_used_one_is_there(name):
    content = experiment(name)
    variables = content.pop("configuration").keys()
    used = set(re.findall(r"\$\{(\w+)\}", json.dumps(content)))
    assert used <= variables
    assert variables - used <= READ_BY_THE_SESSION


@pytest.mark.parametrize("name", SCENARIOS)
def test_an_activity_that_a_claim_names_is_in_the_method(name):
    content = experiment(name)
    activities = {activity["name"] for activity in content["method"]}
    named = {
        figure.partition("activities.")[2].partition(".")[0]
        for section in ("checks", "compare")
        for claim in claims_of(content, section)
        for figure in claim.figures
        if "activities." in figure
    }
    assert named <= activities


@pytest.mark.parametrize("name", ["s1", "s2", "s3"])
def test_the_disturbance_lasts_as_long_as_the_load_and_is_settled_whatever_happens(name):
    content = experiment(name)
    (disturb,) = [a for a in content["method"] if a["provider"]["func"] == "disturb"]
    variable = disturb["provider"]["arguments"]["duration_s"].strip("${}")
    assert content["configuration"][variable] == content["configuration"]["duration_s"]
    assert [a["provider"]["func"] for a in content["rollbacks"]] == ["settle"]


@pytest.mark.parametrize("name", ["s1", "s2", "s3"])
def test_no_overlay_disturbs_app_b_from_its_start(name):
    services = yaml.safe_load((ROOT / f"charts/chaosproof-demo/values-{name}.yaml").read_text())["services"]
    assert "app-b" not in services


def test_s3_is_s1_with_errors():
    s1, s3 = experiment("s1")["configuration"], experiment("s3")["configuration"]
    for key in ("rate_rps", "connections", "duration_s", "warmup_s", "slow_delay_ms", "seed"):
        assert s1[key] == s3[key]
    assert s3["failing_ratio"] == experiment("s2")["configuration"]["failing_ratio"]


@pytest.mark.parametrize(
    ("name", "ids"), [("s1", ["C01", "C02", "C03", "C04"]), ("s4", ["C05", "C06", "C07"])]
)
def test_the_checks_of_the_original_keep_their_numbers(name, ids):
    assert set(ids) <= {claim.id for claim in claims_of(experiment(name), "compare")}


def test_a_variant_has_an_overlay_that_changes_one_setting_and_variables_that_the_experiment_has():
    for name in SCENARIOS:
        content = experiment(name)
        for variant in variants_of(content):
            assert variant.variables.keys() <= content["configuration"].keys()
            folder = ROOT / "charts/chaosproof-demo"
            of = load_values(folder, variant.of, name).merged
            own = load_values(folder, *overlays_of(content, variant.name, name)).merged
            assert len(list(paths_that_differ(of, own))) == 1
    assert [variant.name for variant in variants_of(experiment("s4"))] == ["pool1"]
