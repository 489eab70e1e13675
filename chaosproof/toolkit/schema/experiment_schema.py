"""The JSON Schema (Draft 2020-12) of a whole experiment: Chaos Toolkit's own keys, this project's extension, and the
arguments of each action and probe.

    chaosproof schema -o experiment.schema.json

It is written for editors: what is unknown is marked while one types, and each key says what it is for.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chaosproof import __version__
from chaosproof.experiment.schema import extension_schema
from chaosproof.toolkit.schema.arguments import arguments_schema
from chaosproof.toolkit.schema.signatures import Activity, activities, names_of
from chaosproof.toolkit.schema.toolkit_keys import TEXT, activity_properties, top_properties

__all__ = ["experiment_schema", "schema_text"]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_SESSION = ("chaosproof.controls.session", "controls.session")


def schema_text() -> str:
    """The schema as a file."""
    return json.dumps(experiment_schema(), indent=1, ensure_ascii=False) + "\n"


def experiment_schema(known: Sequence[Activity] | None = None) -> dict[str, Any]:
    """The schema for the actions and probes that are `known`; all that are installed where none are given."""
    known = activities() if known is None else known
    return {
        "$schema": _DRAFT,
        "title": f"An experiment of Chaos Toolkit, with what chaosproof {__version__} adds",
        "type": "object",
        "required": ["title", "description", "method"],
        "additionalProperties": False,
        "patternProperties": {"^x-": {}},
        "properties": top_properties(),
        "$defs": {
            **_toolkit_definitions(known),
            **{f"arguments-{activity.key}": arguments_schema(activity) for activity in known},
            **_extension_definitions(),
        },
    }


def _toolkit_definitions(known: Sequence[Activity]) -> dict[str, Any]:
    return {
        "activity": {
            "type": "object",
            "anyOf": [{"required": ["ref"]}, {"required": ["type", "name", "provider"]}],
            "additionalProperties": False,
            "properties": activity_properties(),
        },
        "hypothesis-probe": {
            "type": "object",
            "anyOf": [{"required": ["ref"]}, {"required": ["type", "name", "provider", "tolerance"]}],
            "additionalProperties": False,
            "properties": activity_properties(),
        },
        "provider": {
            "type": "object",
            "required": ["type"],
            "properties": {
                "type": {"enum": ["python", "process", "http"]},
                "module": {"anyOf": [{"enum": _module_names(known)}, {"type": "string"}]},
                "func": TEXT,
                "arguments": {"description": "What it is given.", "type": ["object", "string", "array"]},
            },
            "allOf": [*_functions(known), *_arguments(known), _no_unknown_module(known)],
        },
        "control": {
            "type": "object",
            "properties": {
                "name": TEXT,
                "scope": {"enum": ["before", "after"]},
                "automatic": {"type": "boolean"},
                "provider": {
                    "type": "object",
                    "properties": {"module": {"anyOf": [{"enum": list(_SESSION)}, {"type": "string"}]}},
                },
            },
        },
        "extension-entry": {
            "type": "object",
            "required": ["name"],
            "if": {"properties": {"name": {"const": "chaosproof"}}, "required": ["name"]},
            "then": {"$ref": "#/$defs/chaosproof"},
        },
    }


def _modules(known: Sequence[Activity]) -> dict[str, list[Activity]]:
    modules: dict[str, list[Activity]] = {}
    for activity in known:
        modules.setdefault(activity.module, []).append(activity)
    return modules


def _module_names(known: Sequence[Activity]) -> list[str]:
    return [name for module in _modules(known) for name in names_of(module)]


def _functions(known: Sequence[Activity]) -> list[dict[str, Any]]:
    """For each module: which functions it has, each with the first line of what it says of itself."""
    return [
        {
            "if": _calls(module),
            "then": {
                "required": ["func"],
                "properties": {
                    "func": {
                        "oneOf": [
                            {"const": activity.func, "description": activity.doc.partition("\n\n")[0]}
                            for activity in activities_of
                        ]
                    }
                },
            },
        }
        for module, activities_of in _modules(known).items()
    ]


def _arguments(known: Sequence[Activity]) -> list[dict[str, Any]]:
    """For each function: what it takes."""
    conditions = []
    for activity in known:
        definition = {"$ref": f"#/$defs/arguments-{activity.key}"}
        required = arguments_schema(activity).get("required")
        then: dict[str, Any] = {"properties": {"arguments": definition}}
        if required:
            then["required"] = ["arguments"]
        conditions.append({"if": _calls(activity.module, activity.func), "then": then})
    return conditions


def _calls(module: str, func: str = "") -> dict[str, Any]:
    properties: dict[str, Any] = {"module": {"enum": list(names_of(module))}}
    if func:
        properties["func"] = {"const": func}
    return {"properties": properties, "required": list(properties)}


def _no_unknown_module(known: Sequence[Activity]) -> dict[str, Any]:
    """Of this project's own package only modules that there are; a package `actions` may be anybody's."""
    return {
        "if": {
            "properties": {"module": {"type": "string", "pattern": r"^chaosproof\.(actions|probes)\."}},
            "required": ["module"],
        },
        "then": {"properties": {"module": {"enum": _module_names(known)}}},
    }


def _extension_definitions() -> dict[str, Any]:
    """The extension's own schema among the definitions: as `chaosproof`, its parts as `chaosproof-PART`."""
    schema = {key: value for key, value in extension_schema().items() if key not in ("$schema", "$defs")}
    parts: Mapping[str, Any] = extension_schema()["$defs"]
    definitions = {"chaosproof": _moved(schema)}
    return {**definitions, **{f"chaosproof-{name}": _moved(part) for name, part in parts.items()}}


def _moved(value: Any) -> Any:
    """The value with each `$ref` to a part of the extension's schema as it is called here."""
    if isinstance(value, Mapping):
        return {
            key: item.replace("#/$defs/", "#/$defs/chaosproof-")
            if key == "$ref" and isinstance(item, str)
            else _moved(item)
            for key, item in value.items()
        }
    return [_moved(item) for item in value] if isinstance(value, list) else value
