"""The generated overlay: the settings of a mode as one more Compose file, put on top of the user's with `-f`. Pure."""

from collections.abc import Mapping
from typing import Any

from chaosproof.json_access import mapping
from chaosproof.targets.system.definition import System

__all__ = ["overlay_of"]


def overlay_of(system: System, config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`{"services": {name: {"environment": ..., "deploy": ...}}}` of the services that have settings.

    `environment` is that of the mode's values, `replicas` that of the system file with those values on top. With
    `config` (what the CLI says of the user's files) only services that it has, and replicas only where they differ:
    Compose takes a service of the overlay alone for one without an image. Empty where nothing is to be set.
    """
    raise NotImplementedError
