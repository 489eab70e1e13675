"""The schema of the extension, and what it finds wrong with a value: sentences that name the nearest known key."""

import difflib
import functools
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

__all__ = ["extension_schema", "known_keys", "mistakes_in", "suggestion"]


@functools.cache
def extension_schema() -> Mapping[str, Any]:
    """What `extension.schema.json` holds."""
    file = Path(__file__).with_name("extension.schema.json")
    schema: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


def known_keys(definition: str) -> frozenset[str]:
    """The keys of an object that the schema defines, such as `variant`."""
    return frozenset(extension_schema()["$defs"][definition]["properties"])


def suggestion(key: str, known: Collection[str]) -> str:
    """What to write instead of the unknown `key`: the nearest known one, or all where none is near."""
    if not known:
        return "there is none"
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"


def mistakes_in(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """A sentence for each place in `value` that the schema does not allow; `path` is what `value` is called."""
    # Takes a tenth of a second: who only judges, or names a system that is refused, need not wait for it.
    from jsonschema import Draft202012Validator

    # a part of the schema refers to the definitions of all of it
    validator = Draft202012Validator({**schema, "$defs": extension_schema()["$defs"]})
    for error in validator.iter_errors(value):
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
        yield from _sentences(error, path + "".join(steps))


def _sentences(error: "ValidationError", path: str) -> Iterator[str]:
    value: Any = error.instance
    expected: Any = error.validator_value
    schema: Any = error.schema
    match error.validator:
        case "type":
            types = [expected] if isinstance(expected, str) else expected
            yield f"{path} must be of type {' or '.join(types)}, not {value!r}"
        case "enum":
            yield f"{path} must be one of {', '.join(expected)}, not {value!r}"
        case "pattern":
            yield f"{path} must match {expected}, not {value!r}"
        case "minItems":
            yield f"{path} is empty"
        case "uniqueItems":
            yield f"{path} names one thing twice: {value!r}"
        case "additionalProperties":
            known = schema["properties"]
            yield from (f"{path}.{key}: {suggestion(str(key), known)}" for key in value if key not in known)
        case "required":
            yield from (f"{path} needs {key!r}" for key in expected if key not in value)
        case _:
            yield f"{path}: {error.message}"
