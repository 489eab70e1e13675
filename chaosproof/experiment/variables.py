"""`${name}` in the data of an experiment, resolved from the variables that the session wrote down."""

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["RUN_VARIABLES", "resolve", "resolve_all", "says_where"]

RUN_VARIABLES = frozenset(
    {
        "allow_all",
        "backend",
        "ceiling_s",
        "connections",
        "instances_max",
        "protected_ports",
        "rate_rps",
        "seed",
    }
)
"""What the session and the load read by name, whether or not an experiment has it."""

_WHERE = frozenset(
    {
        "compose",
        "container",
        "context",
        "deployed",
        "engine",
        "keep",
        "namespace",
        "project",
        "selector",
        "service",
    }
)
_IMAGE = "image_"
_NAME = re.compile(r"\$\{([^}]*)\}")


def resolve(value: Any, variables: Mapping[str, Any]) -> Any:
    """`value` with each `${name}` replaced; a value that is one `${name}` as a whole keeps the variable's
    type.

    Raises KeyError with the name that the session does not know.
    """
    if not isinstance(value, str):
        return value
    if whole := _NAME.fullmatch(value):
        return variables[whole.group(1)]
    return _NAME.sub(lambda match: str(variables[match.group(1)]), value)


def resolve_all(value: Any, variables: Mapping[str, Any]) -> Any:
    """The same for every text in `value`, however deep. Raises KeyError as `resolve` does."""
    if isinstance(value, Mapping):
        return {key: resolve_all(item, variables) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve_all(item, variables) for item in value]
    return resolve(value, variables)


def says_where(name: str) -> bool:
    """Whether the variable says where an experiment runs: the namespace or project, whose service, which images."""
    return name in _WHERE or name.startswith(_IMAGE)
