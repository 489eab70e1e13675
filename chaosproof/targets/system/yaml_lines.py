"""YAML that remembers on which line each value stood, so that a mistake can be answered with its place."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from chaosproof.errors import UsageError

__all__ = ["Document", "load_yaml"]


@dataclass(frozen=True)
class Document:
    """A parsed file: its value, and the line (from 1) of each path of keys and indexes in it."""

    path: Path
    value: Any
    lines: dict[tuple[Hashable, ...], int] = field(default_factory=dict)

    def line_of(self, path: Sequence[Hashable]) -> int:
        """The line of the value at `path`, or of its nearest known parent."""
        keys = tuple(path)
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return self.lines.get(keys, 1)


class _Loader(yaml.SafeLoader):
    """A SafeLoader that refuses a key written twice: YAML takes the last one, silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands here twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_yaml(path: Path) -> Document:
    """Read `path`; a file that cannot be read or parsed is a `UsageError` with its place."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"Cannot read {path}: {reason}.") from error
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        value = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        location = f"{path}:{mark.line + 1}" if mark else str(path)
        raise UsageError(f"{location}: not valid YAML: {error.problem or error}.") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not valid YAML: {error}.") from error
    finally:
        loader.dispose()
    lines: dict[tuple[Hashable, ...], int] = {}
    if node is not None:
        _collect(node, (), lines)
    return Document(path=path, value=value, lines=lines)


def _collect(node: yaml.Node, path: tuple[Hashable, ...], lines: dict[tuple[Hashable, ...], int]) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            key = (*path, str(key_node.value))
            lines[key] = key_node.start_mark.line + 1
            _collect(value_node, key, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _collect(child, (*path, index), lines)
