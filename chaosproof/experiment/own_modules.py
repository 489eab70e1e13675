"""The modules of this project that an experiment can name, and the short names that some experiments know them by."""

from collections.abc import Mapping
from typing import Any

from chaosproof.json_access import mapping, text

__all__ = ["own_module", "provider_module"]

_PACKAGES = ("actions", "probes", "controls")
_SHORT = tuple(f"{package}." for package in _PACKAGES)


def own_module(module: str) -> str:
    """`chaosproof.actions.network` for `actions.network`, its name in a checkout; any other name as it is.

    Experiments and journals from before 0.3 have the short names only.
    """
    return f"chaosproof.{module}" if module.startswith(_SHORT) else module


def provider_module(activity: Mapping[str, Any]) -> str:
    """The module of the activity's (or control's) Python provider, by its whole name; empty without."""
    return own_module(text(mapping(activity.get("provider")).get("module")))
