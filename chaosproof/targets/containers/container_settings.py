"""What an experiment's variables say of a project of containers: pure, and checked before any engine is asked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaosproof.errors import UsageError

__all__ = ["ContainerSettings", "container_settings"]

ENGINES = ("podman", "docker")
_PROJECT = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True)
class ContainerSettings:
    """`deployed`: the project runs already, and stays; `project` is its name, None where there is but one.

    `engine` is None for whichever is there. `keep`: what was brought up stays.
    """

    project: str | None = None
    engine: str | None = None
    deployed: bool = False
    keep: bool = False


def container_settings(variables: Mapping[str, Any]) -> ContainerSettings:
    """Read `project`, `engine`, `deployed` and `keep`; `UsageError` for what they cannot be."""
    project, engine = variables.get("project") or None, variables.get("engine") or None
    if project is not None and not _PROJECT.fullmatch(str(project)):
        raise UsageError(
            f"project must be a Compose project's name, of small letters, digits, dashes and underscores, "
            f"not {project!r}; `podman ps` and `docker compose ls` show it."
        )
    if engine is not None and engine not in ENGINES:
        raise UsageError(f"engine must be podman or docker, not {engine!r}.")
    deployed = _flag("deployed", variables.get("deployed", False))
    if project is not None and not deployed:
        raise UsageError(
            f"The project {project} is one that runs already: say so, with --var deployed=true. What a run brings up "
            "itself has a name of its own."
        )
    return ContainerSettings(
        project=str(project) if project else None,
        engine=str(engine) if engine else None,
        deployed=deployed,
        keep=_flag("keep", variables.get("keep", False)),
    )


def _flag(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    raise UsageError(f"{name} must be true or false, not {value!r}.")
