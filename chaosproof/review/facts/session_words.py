"""What a review knows of this project's own extension: an experiment may say that it has no fault on purpose."""

from collections.abc import Mapping
from typing import Any

from chaosproof.experiment.extension import extensions_of

__all__ = ["is_without_fault"]


def is_without_fault(experiment: Mapping[str, Any]) -> bool:
    """Whether the experiment says `"no_fault": true`."""
    return any(extension.get("no_fault") is True for extension in extensions_of(experiment))
