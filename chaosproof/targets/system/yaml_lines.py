"""YAML that remembers on which line each value stood, so that a mistake can be answered with its place.

Keys are text whatever they look like (`on`, `8080`), a key written twice is refused (YAML takes the last one,
silently), and `<<` merges as YAML 1.1 and Compose have it: what a map says itself stands above what it merges.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from chaosproof.errors import UsageError

__all__ = ["Document", "load_yaml", "parse_yaml"]

_TEXT = "tag:yaml.org,2002:str"
_MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"
# Aliases of aliases grow without bound ("a billion laughs"); no system has this many settings.
_MOST_VALUES = 100_000

Where = tuple[Hashable, ...]


@dataclass(frozen=True)
class Document:
    """A parsed file: its value, and the line (from 1) of each path of keys and indexes in it."""

    path: Path
    value: Any
    lines: dict[Where, int] = field(default_factory=dict)

    def line_of(self, path: Sequence[Hashable]) -> int:
        """The line of the value at `path`, or of its nearest known parent."""
        keys = tuple(path)
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return self.lines.get(keys, 1)


def load_yaml(path: Path, text_at: Callable[[Where], bool] = lambda where: False) -> Document:
    """Read `path`; a file that cannot be read or parsed is a `UsageError` with its place.

    Where `text_at` is true of a value's place, a number or a truth value is taken as the text that was written.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"Cannot read {path}: {reason}.") from error
    return parse_yaml(text, path, text_at)


def parse_yaml(text: str, path: Path, text_at: Callable[[Where], bool] = lambda where: False) -> Document:
    """The same of a text; `path` is where it comes from, for the sentence of a mistake."""
    lines: dict[Where, int] = {}
    value = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is not None:
            _Walk(lines, text_at).visit(node, ())
            value = loader.construct_document(node)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        code = f"{ord(error.character) if isinstance(error.character, str) else error.character:#04x}"
        raise UsageError(
            f"{path}:{line}: not valid YAML: the control character {code} stands in it; take it out."
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        location = f"{path}:{mark.line + 1}" if mark else str(path)
        raise UsageError(f"{location}: not valid YAML: {error.problem or error}.") from error
    except (ValueError, RecursionError) as error:
        # PyYAML makes a date of 2024-13-01, and nests as deep as the file does.
        raise UsageError(f"{path}: not valid YAML: {error}.") from error
    return Document(path=path, value=value, lines=lines)


class _Walk:
    """Over the nodes before they become values: notes lines, refuses double keys, makes text of what is to be text."""

    def __init__(self, lines: dict[Where, int], text_at: Callable[[Where], bool]) -> None:
        self._lines = lines
        self._text_at = text_at
        self._open: set[int] = set()

    def visit(self, node: yaml.Node, path: Where) -> None:
        if id(node) in self._open or len(self._lines) > _MOST_VALUES:
            raise _problem("its aliases hold themselves, or never end", node)
        self._lines.setdefault(path, node.start_mark.line + 1)
        self._open.add(id(node))
        if isinstance(node, yaml.MappingNode):
            self._map(node, path)
        elif isinstance(node, yaml.SequenceNode):
            node.value[:] = [self._as_text(child, (*path, i)) for i, child in enumerate(node.value)]
            for index, child in enumerate(node.value):
                self.visit(child, (*path, index))
        self._open.discard(id(node))

    def _map(self, node: yaml.MappingNode, path: Where) -> None:
        merged: list[yaml.Node] = []
        seen: set[str] = set()
        for number, (key_node, value_node) in enumerate(node.value):
            if key_node.tag == _MERGE:
                merged += value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise _problem("a key is a word, not a list or a map", key_node)
            key = str(key_node.value)
            if key in seen:
                raise _problem(f"the key {key!r} stands here twice", key_node)
            seen.add(key)
            key_node.tag = _TEXT
            place = (*path, key)
            self._lines.setdefault(place, key_node.start_mark.line + 1)
            node.value[number] = (key_node, self._as_text(value_node, place))
            self.visit(node.value[number][1], place)
        for other in merged:
            self.visit(other, path)

    def _as_text(self, node: yaml.Node, path: Where) -> yaml.Node:
        # A new node: an alias may name the same one where it has to stay a number.
        if isinstance(node, yaml.ScalarNode) and node.tag != _NULL and self._text_at(path):
            return yaml.ScalarNode(_TEXT, node.value, node.start_mark, node.end_mark, node.style)
        return node


def _problem(text: str, node: yaml.Node) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, text, node.start_mark)
