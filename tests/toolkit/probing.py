"""Probes for the tests of this folder: Chaos Toolkit calls them by module and name."""

from typing import Any

from chaoslib.types import Configuration

from chaosproof.toolkit.current import session_of

__all__ = ["acts", "measures"]

OUTPUTS: dict[str, Any] = {
    "nan": float("nan"),
    "nan inside": {"result": [1, float("inf")]},
    "beyond a float": 10**400,
    "nothing": None,
    "empty": [],
    "fine": 0.5,
}


def measures(what: str) -> Any:
    """The output of this name."""
    return OUTPUTS[what]


def acts(configuration: Configuration = None) -> str:
    """What every action of this project does first."""
    return session_of(configuration).lab
