"""Templates of objects: YAML or JSON files beside the module that fills in their `$names`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

__all__ = ["filled"]


def filled(template: Path, values: Mapping[str, Any]) -> Any:
    """The object in the file with every `$name` replaced: by the value where that is all there is, else by its text."""
    return _filled(yaml.safe_load(template.read_text(encoding="utf-8")), values)


def _filled(template: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(template, dict):
        return {key: _filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, values) for value in template]
    if not isinstance(template, str) or template in values:
        return values.get(template, template) if isinstance(template, str) else template
    for name, value in values.items():
        template = template.replace(name, str(value))
    return template
