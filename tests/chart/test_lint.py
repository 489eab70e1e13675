"""`helm lint --strict`, and values that are refused before anything is installed."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from chaosproof.demo.grpc.settings import SettingsA, SettingsB
from chaosproof.images.names import image
from tests.chart.cases import CHART
from tests.chart.conftest import Rendered

SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
# The system files say these, for the lab and for the chart.
ELSEWHERE = {"INSTANCE_NAME", "HTTP_PORT", "GRPC_PORT"}

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a misspelt key": ({"service": {}}, "service"),
    "a misspelt key of a service": ({"services": {"app-a": {"enviroment": {}}}}, "enviroment"),
    "a misspelt setting": ({"services": {"app-a": {"environment": {"DEADLINE": "1"}}}}, "DEADLINE"),
    "a setting of the other program": (
        {"services": {"app-b": {"environment": {"DEADLINE_MS": "1"}}}},
        "DEADLINE_MS",
    ),
    "a number where a setting is text": (
        {"services": {"app-b": {"environment": {"B_DELAY_MS": 5}}}},
        "string",
    ),
    "a service that there is not": ({"services": {"app-c": {}}}, "app-c"),
    "a system that there is not": ({"systems": {"http": True}}, "http"),
    "a resource that there is not": ({"chaos": {"resources": {"limits": {"memry": "1Mi"}}}}, "memry"),
    "an image without a tag": ({"images": {"demo": "chaosproof/demo"}}, "demo"),
    "an image without a tag, from a port": ({"images": {"demo": "here:5000/demo"}}, "demo"),
    "the newest image": ({"images": {"chaos": "chaosproof/chaos:latest"}}, "chaos"),
    "a mode that there is not": ({"cronJob": {"mode": "resilent"}}, "mode"),
    "replicas as text": ({"services": {"app-a": {"replicas": "2"}}}, "replicas"),
}


class Asked(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return default


@pytest.fixture(scope="module")
def refusals(helm: Callable[[dict[str, dict[str, Any]]], dict[str, Any]]) -> dict[str, Any]:
    return helm({name: values for name, (values, _) in WRONG.items()})


def test_helm_finds_nothing_to_say(rendered: dict[str, Rendered]) -> None:
    assert {name: one.lint for name, one in rendered.items() if one.lint} == {}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_values_are_refused_with_their_place(what: str, refusals: dict[str, Any]) -> None:
    assert WRONG[what][1] in refusals[what]["refused"]


def objects_in(schema: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(schema, Mapping):
        if schema.get("type") == "object":
            yield path, schema
        for key, value in schema.items():
            yield from objects_in(value, f"{path}/{key}")


def test_the_schema_is_closed_everywhere_but_for_the_settings_of_programs_of_ones_own() -> None:
    open_ones = [
        path for path, schema in objects_in(SCHEMA) if schema.get("additionalProperties") is not False
    ]
    assert open_ones == ["/definitions/settings"]


@pytest.mark.parametrize(("name", "settings"), [("settings-a", SettingsA), ("settings-b", SettingsB)])
def test_the_schema_knows_the_very_settings_that_the_program_reads(name: str, settings: Any) -> None:
    asked = Asked()
    settings.read(asked)
    assert set(SCHEMA["definitions"][name]["properties"]) == asked.names - ELSEWHERE


def test_the_chart_runs_the_images_that_are_built() -> None:
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    for key in ("demo", "chaos"):
        assert f"  {key}: {image(key).name}\n" in text
