"""The arguments of an action or a probe as JSON Schema: their types, their defaults, and what a fault kind allows."""

from collections.abc import Mapping
from inspect import Parameter
from typing import Any

from chaosproof.faults.kinds import KINDS
from chaosproof.faults.kinds.base import NetworkKind
from chaosproof.toolkit.schema.signatures import Activity

__all__ = ["arguments_schema"]

# `${name}` is filled in before the function is called, and a number may come as text, as `--var` brings it
_FILLED_IN = {"type": "string", "pattern": r"\$\{[^}]+\}"}
_NUMERAL = r"^\s*-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?\s*$"
_NUMBER_AS_TEXT = {"type": "string", "pattern": rf"{_NUMERAL}|\$\{{[^}}]+\}}"}
_FLAG_AS_TEXT = {"type": "string", "pattern": r"^(true|false|True|False)$|\$\{[^}]+\}"}
_FAULT_MODULE = "chaosproof.actions.network"


def arguments_schema(activity: Activity) -> dict[str, Any]:
    """The object of its arguments: an unknown one is a mistake, and one without a default has to be there."""
    kind = KINDS.get(activity.func) if activity.module == _FAULT_MODULE else None
    properties = {parameter.name: _value(parameter, kind) for parameter in activity.parameters}
    required = [p.name for p in activity.parameters if p.default is Parameter.empty]
    schema: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }
    if required:
        schema["required"] = required
    return schema


def _value(parameter: Parameter, kind: NetworkKind | None) -> dict[str, Any]:
    schema = _of_kind(parameter.name, kind) or _of_type(parameter.annotation)
    about = _about(parameter.name, kind)
    if about:
        schema = {"description": about, **schema}
    if parameter.default is not Parameter.empty and parameter.default is not None:
        schema = {**schema, "default": parameter.default}
    return schema


def _of_type(annotation: Any) -> dict[str, Any]:
    match annotation if isinstance(annotation, str) else getattr(annotation, "__name__", ""):
        case "str":
            return {"type": "string"}
        case "int":
            return {"anyOf": [{"type": "integer"}, _NUMBER_AS_TEXT]}
        case "float":
            return {"anyOf": [{"type": "number"}, _NUMBER_AS_TEXT]}
        case "bool":
            return {"anyOf": [{"type": "boolean"}, _FLAG_AS_TEXT]}
        case "dict":
            return {"anyOf": [{"type": "object"}, _FILLED_IN]}
        case "list":
            return {"anyOf": [{"type": "array"}, _FILLED_IN]}
    return {}


def _of_kind(name: str, kind: NetworkKind | None) -> dict[str, Any]:
    """What the declaration of a fault kind says of its argument `name`; nothing where it says nothing."""
    if kind is None:
        return {}
    for parameter in kind.parameters:
        if parameter.name == name:
            # 0 stands for one that is not given
            bound = {"exclusiveMinimum": 0} if parameter.required and parameter.least == 0 else {"minimum": 0}
            return {"anyOf": [{"type": "number", **bound, "maximum": parameter.most}, _NUMBER_AS_TEXT]}
    choices: Mapping[str, tuple[str, ...]] = {
        "protocol": kind.protocols,
        "direction": kind.directions,
        "port_side": ("destination", "source"),
        kind.choice_name: kind.choice.values if kind.choice else (),
    }
    if name in choices:
        return {"anyOf": [{"enum": list(choices[name])}, _FILLED_IN]}
    return {}


def _about(name: str, kind: NetworkKind | None) -> str:
    if kind and kind.choice and name == kind.choice.name:
        return kind.choice.does
    return _SHARED.get(name, "")


_SHARED = {
    "instance": "Which copy of a service, such as shop-0.",
    "service": "The name of a service of the system.",
    "at_s": "When 0 or more: when the measured load is that many seconds old.",
    "duration_s": "For how many seconds.",
    "peer": "The other end: a service, an address or a network; empty: any.",
    "port": "The TCP or UDP port.",
    "under": "The kind of fault that must be on from the beginning of the look to its end.",
}
