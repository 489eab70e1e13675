"""What an experiment says to this project: the entries of `extensions` that carry its name."""

from collections.abc import Mapping
from typing import Any

from chaosproof.json_access import mappings

__all__ = ["extensions_of"]


def extensions_of(experiment: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """`extensions: [{"name": "chaosproof", ...}]`, of which there should be one. Never raises."""
    return tuple(one for one in mappings(experiment.get("extensions")) if one.get("name") == "chaosproof")
