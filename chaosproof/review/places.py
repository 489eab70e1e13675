"""The line of a file at which a JSON pointer points, in JSON and in YAML."""

import re
from collections.abc import Sequence

import yaml

__all__ = ["line_of"]


def line_of(text: str, pointer: str) -> int:
    """The line, counted from 1, of the value that `pointer` (RFC 6901) names; of what is nearest above it, where the
    text
    has no such value. JSON is read as the YAML that it nearly is, so tabs in it end the search at line 1.
    """
    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return _by_key(text, _parts(pointer))
    line = 1
    for part in _parts(pointer):
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == part), None)
            if pair is None:
                break
            key, node = pair
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
            node = node.value[int(part)]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _parts(pointer: str) -> Sequence[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _by_key(text: str, parts: Sequence[str]) -> int:
    """The line of the first key of the pointer, where the text is no YAML."""
    match = re.search(rf'"{re.escape(parts[0])}"\s*:', text) if parts else None
    return text.count("\n", 0, match.start()) + 1 if match else 1
