"""The JSON Schema of experiments: it is one, every experiment here is right by it, and a slip of the pen is not."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chaoslib.experiment import ensure_experiment_is_valid
from jsonschema import Draft202012Validator

from chaosproof.experiment.experiment import mistakes_of
from chaosproof.toolkit.schema.experiment_schema import experiment_schema
from chaosproof.toolkit.schema.signatures import activities

ROOT = Path(__file__).parents[2]
FILES = sorted(
    file
    for folder in ("experiments", "chaosproof/demo")
    for file in (ROOT / folder).rglob("*.json")
    if "extensions" in file.read_text(encoding="utf-8")
)
SCHEMA = experiment_schema()
S4 = json.loads((ROOT / "experiments/s4.json").read_text(encoding="utf-8"))


def mistakes(content: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(content)]


def test_it_is_a_schema_of_its_draft() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_experiment_here_is_right_by_it(file: Path) -> None:
    assert mistakes(json.loads(file.read_text(encoding="utf-8"))) == []


def test_it_has_every_experiment_to_be_held_to() -> None:
    """Four scenarios, six of the router, one for each kind of fault, and that of the docs' own service."""
    assert len(FILES) >= 30


def provider(content: dict[str, Any], func: str) -> dict[str, Any]:
    chosen = next(a["provider"] for a in content["method"] if a["provider"].get("func") == func)
    assert isinstance(chosen, dict)
    return chosen


SLIPS: dict[str, Callable[[dict[str, Any]], object]] = {
    "an argument": lambda e: provider(e, "reset")["arguments"].update(instace="app-a-0"),
    "an argument that is missing": lambda e: provider(e, "reset")["arguments"].pop("port"),
    "no argument at all": lambda e: provider(e, "reset").pop("arguments"),
    "a word of a choice": lambda e: provider(e, "reset")["arguments"].update(sides="clent"),
    "a number that is none": lambda e: provider(e, "reset")["arguments"].update(duration_s="soon"),
    "a function": lambda e: provider(e, "reset").update(func="rest"),
    "a module of ours": lambda e: provider(e, "reset").update(module="chaosproof.actions.netwrok"),
    "a key of the extension": lambda e: e["extensions"][0].update(answer_counted_by={}),
    "a key of a claim": lambda e: e["extensions"][0]["checks"][0].update(at_mots=1),
    "a key of the experiment": lambda e: e.update({"steady-state-hypotesis": {}}),
    "a key of an activity": lambda e: e["method"][0].update(toleranse=1),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_of_the_pen_is_not(slip: str) -> None:
    content = copy.deepcopy(S4)
    SLIPS[slip](content)
    assert mistakes(content)


@pytest.mark.parametrize("prefix", ["", "chaosproof."])
def test_a_module_is_known_by_the_package_and_by_the_folder_of_this_repository(prefix: str) -> None:
    content = copy.deepcopy(S4)
    for activity in content["method"]:
        module = str(activity["provider"]["module"]).removeprefix("chaosproof.")
        if module.startswith(("actions.", "probes.")):
            activity["provider"]["module"] = prefix + module
    assert mistakes(content) == []
    provider(content, "reset")["arguments"]["instace"] = "app-a-0"
    assert mistakes(content)


def test_modules_of_others_are_free() -> None:
    content = copy.deepcopy(S4)
    provider(content, "reset").update(module="actions.mine", arguments={"whatever": 1})
    assert mistakes(content) == []


def test_every_action_and_probe_is_in_it_with_its_arguments() -> None:
    known = activities()
    assert {activity.kind for activity in known} == {"action", "probe"}
    for activity in known:
        properties = SCHEMA["$defs"][f"arguments-{activity.key}"]["properties"]
        assert set(properties) == {parameter.name for parameter in activity.parameters}, activity.key


def test_an_experiment_may_say_where_its_schema_is() -> None:
    """Neither Chaos Toolkit nor this project minds the key by which an editor finds it."""
    content = {"$schema": "./schema/experiment.schema.json", **S4}
    ensure_experiment_is_valid(content)
    assert mistakes_of(content) == ()
    assert mistakes(content) == []
