"""The entries of an experiment's `extensions` that carry this project's name; `Experiment` is read from them."""

from collections.abc import Mapping
from typing import Any

from chaosproof.json_access import mappings

__all__ = ["extensions_of"]


def extensions_of(experiment: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """`extensions: [{"name": "chaosproof", ...}]`, of which there should be one. Never raises."""
    return tuple(item for item in mappings(experiment.get("extensions")) if item.get("name") == "chaosproof")
