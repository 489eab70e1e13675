"""A `System` made of what the Compose CLI says of the user's files (`config --format json`). Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from chaosproof.targets.system.definition import System

__all__ = ["system_of_config"]


def system_of_config(
    config: Mapping[str, Any], name: str, files: Sequence[str] = ()
) -> System:
    """The services of `config` as a system called `name`, of the Compose files `files`.

    `x-chaosproof` of a service says what Compose cannot: `ports` by name, `healthcheck` and `metrics`, each in the
    words of the system file. Raises `UsageError` with every mistake in them.
    """
    raise NotImplementedError
