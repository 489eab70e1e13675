"""The text of an experiment's file, JSON or YAML: what it holds, and which of its keys are written twice.

Of a key that stands twice in an object both formats keep the last value, silently: a merge that went wrong would take
claims away.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from chaosproof.errors import UsageError

__all__ = ["SUFFIXES", "doubled_keys", "parse_experiment", "read_experiment_file"]

SUFFIXES = (".json", ".yaml", ".yml")
"""Of the files that Chaos Toolkit reads experiments from."""


def read_experiment_file(file: Path) -> Mapping[str, Any]:
    """The experiment that the file holds; `UsageError` for one that cannot be read, or has a key twice."""
    try:
        text = file.read_text(encoding="utf-8")
        content = parse_experiment(text, file.suffix)
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} is no experiment in {_format(file.suffix)}: {error}.") from error
    if doubled := doubled_keys(text, file.suffix):
        raise UsageError(f"{file}: {'; '.join(doubled)}.")
    return content


def parse_experiment(text: str, suffix: str) -> Mapping[str, Any]:
    """The experiment as Chaos Toolkit reads it from a file that ends with `suffix`. Raises ValueError for no object."""
    if suffix == ".json":
        content = json.loads(text)
    else:
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from error
    if not isinstance(content, dict):
        raise ValueError("it holds no object")
    return content


def doubled_keys(text: str, suffix: str) -> list[str]:
    """One sentence for each key that stands twice in one object; none for a text that cannot be parsed."""
    try:
        return [*dict.fromkeys(_doubled_in_json(text) if suffix == ".json" else _doubled_in_yaml(text))]
    except (ValueError, RecursionError, yaml.YAMLError):
        return []


def _doubled_in_json(text: str) -> list[str]:
    sentences: list[str] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        named = next((f" of {value!r}" for key, value in pairs if key in ("name", "id", "title")), "")
        sentences.extend(
            f'the key "{key}" stands {keys.count(key)} times in the object{named}, and only the last would count: '
            "keep one"
            for key in dict.fromkeys(keys)
            if keys.count(key) > 1
        )
        return dict(pairs)

    json.loads(text, object_pairs_hook=keep)
    return sentences


def _doubled_in_yaml(text: str) -> Iterator[str]:
    root = yaml.compose(text, yaml.SafeLoader)
    seen: set[int] = set()
    nodes = [root] if root is not None else []
    while nodes:
        node = nodes.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            nodes.extend(node.value)
        elif isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in node.value:
                if key.value in keys and key.value != "<<":
                    yield (
                        f'the key "{key.value}" stands in line {key.start_mark.line + 1} for the second time in one '
                        "object, and only the last would count: keep one"
                    )
                if isinstance(key, yaml.ScalarNode):
                    keys.add(key.value)
                nodes.append(value)


def _format(suffix: str) -> str:
    return "JSON" if suffix == ".json" else "YAML"
