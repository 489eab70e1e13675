"""The schema of the extension, and what it finds wrong with a value: sentences that name the nearest known key.

It reads the few words of JSON Schema that `extension.schema.json` uses. The library for all of them takes a tenth of a
second to import, and a drill should start its first lab at once; a test holds both readers to the same answers.
"""

import difflib
import functools
import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["extension_schema", "known_keys", "mistakes_in", "suggestion"]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "array": (list, tuple),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
    "object": (Mapping,),
    "string": (str,),
}


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
    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"


def mistakes_in(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    """A sentence for each place in `value` that the schema does not allow; `path` is what `value` is called."""
    while "$ref" in schema:
        schema = extension_schema()["$defs"][schema["$ref"].rpartition("/")[2]]
    types = schema.get("type", ())
    types = [types] if isinstance(types, str) else types
    if types and not any(_is_a(value, name) for name in types):
        yield f"{path} must be of type {' or '.join(types)}, not {value!r}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path} must be one of {', '.join(schema['enum'])}, not {value!r}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path} must match {schema['pattern']}, not {value!r}"
    if "array" in types and isinstance(value, list | tuple):
        if len(value) < schema.get("minItems", 0):
            yield f"{path} is empty"
        if schema.get("uniqueItems") and any(item in value[:place] for place, item in enumerate(value)):
            yield f"{path} names one thing twice: {value!r}"
        for place, item in enumerate(value):
            yield from mistakes_in(item, schema["items"], f"{path}[{place}]")
    if "object" in types:
        yield from _mistakes_in_object(value, schema, path)


def _mistakes_in_object(value: Mapping[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[str]:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    for key, item in value.items():
        if key in properties:
            yield from mistakes_in(item, properties[key], f"{path}.{key}")
        elif others is False:
            yield f"{path}.{key}: {suggestion(str(key), properties)}"
        else:
            yield from mistakes_in(item, others, f"{path}.{key}")
    for key in schema.get("required", ()):
        if key not in value:
            yield f"{path} needs {key!r}"


def _is_a(value: Any, name: str) -> bool:
    # True is an int to Python, and no number to JSON.
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
