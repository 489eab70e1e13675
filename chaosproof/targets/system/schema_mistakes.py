"""What the schema says against a system file, in sentences for a person."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from chaosproof.targets.system.compose_words import instead
from chaosproof.targets.system.mistakes import Mistake

__all__ = ["schema_mistakes"]

_ATTACH = (
    "a lab runs what it starts itself, and cannot attach what runs already; "
    "to put a fault on that: chaosproof inject KIND --pid PID"
)


def schema_mistakes(value: Any) -> list[Mistake]:
    """Every mistake of `value`, each at the place that a reader has to change."""
    schema = json.loads(Path(__file__).with_name("system.schema.json").read_text(encoding="utf-8"))
    return [
        mistake
        for error in sorted(
            Draft202012Validator(schema).iter_errors(value), key=lambda error: error.json_path
        )
        for mistake in _mistakes(error)
    ]


def _mistakes(error: ValidationError) -> list[Mistake]:
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        known = list(_schema_of(error).get("properties", {}))
        return [
            Mistake((*path, key), _ATTACH if key == "attach" else instead(key, known))
            for key in error.instance
            if key not in known
        ]
    return [Mistake(path, _expectation(error))]


def _schema_of(error: ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, Mapping) else {}


def _expectation(error: ValidationError) -> str:
    """What was expected, in a sentence for a person; jsonschema's own words where they are clear."""
    schema = _schema_of(error)
    match error.validator:
        case "oneOf" if error.instance is not None:
            options = " or ".join(" with ".join(map(repr, option["required"])) for option in schema["oneOf"])
            return f"expected exactly one of {options}"
        case "type":
            hint = "; write it in quotes" if schema.get("type") == "string" else ""
            kinds = schema.get("type")
            expected = " or ".join(kinds) if isinstance(kinds, list) else kinds
            return f"expected {expected}, got {error.instance!r}{hint}"
        case "pattern":
            return f"{error.instance!r} does not match {schema.get('pattern')}"
        case "required" if "'command'" in error.message:
            return f"{error.message}: the program that the service runs"
        case _:
            return error.message
