"""What can be relied on in JSON that anyone may have written: each function gives the type or nothing."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

__all__ = [
    "as_object",
    "at",
    "flag",
    "instant",
    "mapping",
    "mappings",
    "number",
    "numeral",
    "sequence",
    "text",
    "whole",
]


def mapping(value: Any) -> Mapping[str, Any]:
    """The object itself, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_object(content: str | bytes) -> Mapping[str, Any]:
    """The object that JSON text holds, or an empty one where it holds another value or is no JSON."""
    try:
        return mapping(json.loads(content))
    except (ValueError, RecursionError):
        return {}


def sequence(value: Any) -> Sequence[Any]:
    """The list itself, or an empty one. A string is not a list."""
    return value if isinstance(value, list | tuple) else ()


def mappings(value: Any) -> tuple[Mapping[str, Any], ...]:
    """The objects of a list; what is not an object in it is left out."""
    return tuple(item for item in sequence(value) if isinstance(item, Mapping))


def number(value: Any) -> float | None:
    """A finite number that is not a bool, or None."""
    if type(value) is float:  # what most numbers are: a series has a hundred thousand
        return value if math.isfinite(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        finite = float(value)
    except OverflowError:
        return None
    return finite if math.isfinite(finite) else None


def numeral(value: Any) -> float | None:
    """A finite number, also one that is written as text; or None."""
    try:
        return number(float(value))
    except (TypeError, ValueError, OverflowError):
        return None


def whole(value: Any) -> int | None:
    """A whole number, or None."""
    finite = number(value)
    return int(finite) if finite is not None and finite == int(finite) else None


def text(value: Any) -> str:
    """The string itself, or an empty one."""
    return value if isinstance(value, str) else ""


def instant(value: Any) -> float | None:
    """The seconds since the epoch of an ISO 8601 text, or None. Without a zone it is UTC, as Chaos Toolkit wrote before
    1.19.
    """
    try:
        moment = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def flag(value: Any) -> bool | None:
    """The bool itself, or None: `1` and `"true"` are not answers."""
    return value if isinstance(value, bool) else None


def at(value: Any, *path: str) -> Any:
    """`value[a][b]...`, None where the path leaves the objects."""
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value
