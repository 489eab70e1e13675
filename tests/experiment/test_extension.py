"""The extension of an experiment: each key is known, and a misspelt one is named with the key that was meant."""

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from chaosproof.errors import UsageError
from chaosproof.experiment.experiment import AnswerCounter, Watched, checked_experiment, mistakes_of
from chaosproof.experiment.schema import extension_schema, mistakes_in
from chaosproof.load.plan import Plan

ROOT = Path(__file__).parents[2]
FILES = [*sorted((ROOT / "experiments").rglob("*.json")), ROOT / "chaosproof/demo/own-service/s4.json"]
CLAIM = {"id": "C01", "claim": "it holds", "figure": "load.codes.X", "default": 0}
EVERY_KEY: dict[str, Any] = {
    "name": "chaosproof",
    "experiment": "s9",
    "scenario": "s4",
    "modes": ["baseline", "resilient"],
    "variants": {"pool1": {"of": "resilient", "differs": "one channel", "variables": {"duration_s": 32}}},
    "no_fault": True,
    "evidence": [{"activity": "pull the plug", "shows": {"probe": "it is dark"}}],
    "met_by": {"cache": "web"},
    "load": {
        "url": "http://web/",
        "rate_rps": 5,
        "connections": 2,
        "seed": 7,
        "model": "open",
        "arrivals": "constant",
        "timeout_s": "1s",
        "stages": [{"from_rps": 1, "to_rps": 2, "duration_s": 3}],
        "method": "GET",
        "headers": [["a", "b"]],
        "body": "",
        "body_base64": "",
        "ca_file": None,
        "verify_tls": True,
        "processes": 1,
        "success": ["json errors absent"],
    },
    "artifacts": ["load.json"],
    "series": "{job='a'}",
    "watch": [{"label": "breaker", "query": "up", "names": {"1": "up"}}],
    "answers_counted_by": {"metric": "answers_total", "label": "code"},
    "codes": ["Y"],
    "on": {"kubernetes": {"duration_s": 60}},
    "checks": [
        {**CLAIM, "at_least": 1, "modes": ["baseline"]},
        {**CLAIM, "id": "C02", "at_most": "${most}"},
        {**CLAIM, "id": "C03", "between": [1, 2]},
        {**CLAIM, "id": "C04", "equals": 1},
    ],
    "compare": [
        {**CLAIM, "figure": "baseline.load.codes.X", "at_least": 1},
        {**CLAIM, "id": "C02", "figure": "baseline.load.codes.X", "at_most": 1},
        {**CLAIM, "id": "C03", "figure": "baseline.load.codes.X", "between": [1, 2]},
        {**CLAIM, "id": "C04", "figure": "pool1.load.codes.X", "equals": 1},
        {"id": "C05", "claim": "?", "in_order": ["baseline.load.ok", "resilient.load.ok"], "or_equal": True},
    ],
}


def content(extension: dict[str, Any]) -> dict[str, Any]:
    method = [
        {"type": "action", "name": "pull the plug"},
        {"type": "probe", "name": "it is dark", "tolerance": True},
    ]
    return {"title": "t", "configuration": {"duration_s": 60}, "method": method, "extensions": [extension]}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every key of every object."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in steps:
        if isinstance(value, dict):
            yield (*path, step)
        yield from places(item, (*path, step))


def renamed(path: tuple[Any, ...], name: str) -> dict[str, Any]:
    """`EVERY_KEY` with the key at `path` called otherwise."""
    changed = copy.deepcopy(EVERY_KEY)
    parent: Any = changed
    for step in path[:-1]:
        parent = parent[step]
    parent[name] = parent.pop(path[-1])
    return changed


def keys_of_schema() -> Iterator[str]:
    schema = extension_schema()
    for definition in (schema, *schema["$defs"].values()):
        yield from definition.get("properties", {})


def test_every_key_of_the_schema_is_read():
    """The example below uses each key that the schema knows, and nothing is wrong with it."""
    assert {path[-1] for path in places(EVERY_KEY)} >= set(keys_of_schema())
    experiment = checked_experiment(content(EVERY_KEY), ("local", "kubernetes"))
    assert (experiment.name, experiment.scenario, experiment.modes) == ("s9", "s4", ("baseline", "resilient"))
    assert [variant.variables for variant in experiment.variants] == [{"duration_s": 32}]
    assert experiment.watch == (Watched("breaker", "up", {"1": "up"}),)
    assert experiment.answers_counted_by == AnswerCounter("answers_total", "code")
    assert experiment.met_by == {"cache": "web"}
    assert (experiment.series, experiment.artifacts) == ("{job='a'}", ("load.json",))
    assert experiment.on == {"kubernetes": {"duration_s": 60}} and experiment.load == EVERY_KEY["load"]
    assert (len(experiment.checks), len(experiment.compare)) == (4, 5)


# What the author names freely, and `name`, without which the entry is somebody else's.
FREE = {("name",), ("variants", "pool1"), ("met_by", "cache"), ("watch", 0, "names", "1")}


@pytest.mark.parametrize("path", [path for path in places(EVERY_KEY) if path not in FREE], ids=str)
def test_a_misspelt_key_is_named_with_the_key_that_was_meant(path):
    """One letter too many, anywhere in the extension."""
    wrong = path[-1] + path[-1][-1]
    with pytest.raises(UsageError, match=rf"{wrong}'?: did you mean {path[-1]}\?"):
        checked_experiment(content(renamed(path, wrong)), ("local", "kubernetes"))


def test_the_nearest_known_word_is_named():
    extension = renamed(("answers_counted_by",), "answer_counted_by")
    with pytest.raises(UsageError, match=r"^answer_counted_by: did you mean answers_counted_by\?$"):
        checked_experiment(content(extension))


@pytest.mark.parametrize("path", [*places(EVERY_KEY)], ids=str)
def test_a_value_of_the_wrong_type_is_refused_as_the_schema_refuses_it(path):
    """The reader of a drill and the library agree on what is wrong, but for claims and variants, which say more."""
    changed = copy.deepcopy(EVERY_KEY)
    parent: Any = changed
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = [[{}]]
    refused = not Draft202012Validator(extension_schema()).is_valid(changed)
    assert bool([*mistakes_in(changed, extension_schema(), "it")]) == refused
    if refused and path != ("name",):
        assert mistakes_of(content(changed))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_experiment_of_this_repository_has_no_mistake(file):
    loaded = json.loads(file.read_text())
    assert mistakes_of(loaded) == ()
    for extension in loaded["extensions"]:
        Draft202012Validator(extension_schema()).validate(extension)


def test_the_load_has_the_settings_of_a_plan():
    """But for those that the warm-up sets itself."""
    known = {field.name for field in fields(Plan)} | {"body_base64"}
    assert set(extension_schema()["$defs"]["load"]["properties"]) == known - {
        "name",
        "duration_s",
        "protocol",
    }


@pytest.mark.parametrize("extensions", [None, 7, [1], [{"name": "another"}], [EVERY_KEY, EVERY_KEY]])
def test_an_experiment_has_one_extension(extensions):
    with pytest.raises(UsageError, match="extension"):
        checked_experiment({**content(EVERY_KEY), "extensions": extensions})


def test_the_page_is_what_the_generator_prints():
    """docs/reference/experiment.md follows from the schema, and names every key."""
    argv = [sys.executable, "docs/reference/generate_experiment.py"]
    printed = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True).stdout
    assert (ROOT / "docs/reference/experiment.md").read_text() == printed
    assert [key for key in keys_of_schema() if f"| `{key}` |" not in printed] == []


RESILIENT_ONLY = {"name": "chaosproof", "experiment": "s9", "modes": ["resilient"]}
HOLDS = {"id": "C01", "claim": "it holds", "figure": "load.errors", "at_most": 5}


@pytest.mark.parametrize(
    ("extension", "sentence"),
    [
        (
            {"checks": [{**HOLDS, "modes": ["baseline"]}]},
            "C01 applies in baseline, and the experiment has only",
        ),
        ({"checks": [HOLDS], "compare": [{**HOLDS, "figure": "baseline.load.errors"}]}, "never asked"),
        ({}, "claims nothing"),
        ({"checks": []}, "claims nothing"),
    ],
    ids=["a mode that is not there", "compare of one mode", "no claims", "empty claims"],
)
def test_claims_that_are_never_asked_are_refused_before_a_run(extension, sentence):
    with pytest.raises(UsageError, match=sentence):
        checked_experiment(content({**RESILIENT_ONLY, **extension}))
