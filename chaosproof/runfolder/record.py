"""What the records of a run folder share: documented fields, a reader that never raises, and a writer.

A record is a frozen dataclass with one field for each key of a JSON object. The type of a field is what its reader
accepts: a value of another type is read as if the key were absent (None, an empty text, list or object). `about`
gives a field the sentence that docs/reference/run-folder.md says of it.
"""

import json
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, ClassVar, Self, Union, get_args, get_origin, get_type_hints

from chaosproof.json_access import flag, mapping, number, sequence, text, whole

__all__ = ["Record", "about"]


def about(meaning: str, **options: Any) -> Any:
    """A field of a record: what its key means, with units. `options` are those of `dataclasses.field`, and
    `omit=True` for a key that is written only where it says something.
    """
    return field(metadata={"about": meaning, "omit": options.pop("omit", False)}, **options)


@dataclass(frozen=True, kw_only=True)
class Record:
    """One JSON object of a run folder. `source` is the object as it was read; empty in a record that was made here."""

    FILE: ClassVar[str] = ""
    source: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """The record of a JSON value; of anything that is no object, the record that says nothing. Never raises."""
        source = mapping(value)
        converters = _converters(cls)  # type: ignore[arg-type]  # mypy does not see that a class is hashable
        read = {name: convert(source.get(name)) for name, convert in converters.items()}
        return cls(**read, source=source)

    @property
    def given(self) -> bool:
        """Whether the file said anything at all."""
        return bool(self.source)

    def to_json(self) -> dict[str, Any]:
        """The object as the file has it, its keys in the order of the fields."""
        return {
            f.name: _plain(value)
            for f in fields(self)
            if f.name != "source"
            and ((value := getattr(self, f.name)) is not None or not f.metadata.get("omit"))
        }

    def to_line(self) -> str:
        """The object as one line of an .ndjson file."""
        return json.dumps(self.to_json(), separators=(",", ":")) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


@cache
def _converters(cls: type[Record]) -> dict[str, Callable[[Any], Any]]:
    hints = get_type_hints(cls)
    return {f.name: _converter(hints[f.name]) for f in fields(cls) if f.name != "source"}


_PLAIN_TYPES: dict[Any, Callable[[Any], Any]] = {
    Any: lambda value: value,
    str: text,
    bool | None: flag,
    int | None: whole,
    float | None: number,
    str | None: lambda value: value if isinstance(value, str) else None,
}


def _converter(hint: Any) -> Callable[[Any], Any]:
    if hint in _PLAIN_TYPES:
        return _PLAIN_TYPES[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint.from_json
    if origin in (Union, types.UnionType):
        inner = _converter(arguments[0])
        there = list if get_origin(arguments[0]) is tuple else Mapping
        return lambda value: inner(value) if isinstance(value, there) else None
    if origin is tuple:
        item = _converter(arguments[0])
        if arguments[0] is str:
            return lambda value: tuple(map(item, sequence(value)))
        return lambda value: tuple(item(each) for each in sequence(value) if isinstance(each, Mapping))
    item = _converter(arguments[1])
    return lambda value: {str(key): item(each) for key, each in mapping(value).items()}
