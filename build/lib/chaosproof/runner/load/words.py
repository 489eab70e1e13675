"""A load's plan, out of what the experiment says of its load and what an action asks for.

The steady state is measured under the warm-up, so the measured load must send the same requests: what the extension's
`load` says of a request counts for both, and only where and how fast is said by each.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chaosproof.errors import UsageError
from chaosproof.experiment.variables import resolve_all
from chaosproof.load.protocols.registry import find_protocols

__all__ = ["filled_load", "measured_plan", "warmup_plan"]

# Where the warm-up goes and how fast, which is said anew of the measured load.
_PACE = frozenset({"url", "rate_rps", "connections", "seed", "stages"})
_SHARED = ("rate_rps", "connections", "seed")
_BODY = frozenset({"body", "body_base64"})


def filled_load(load: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """The extension's `load` with each `${name}` filled in.

    Raises `UsageError` for a name that is no variable of the experiment: its text would be sent as it stands.
    """
    filled = {}
    for key, value in load.items():
        try:
            filled[key] = resolve_all(value, variables)
        except KeyError as error:
            raise UsageError(
                f"load.{key} names ${{{error.args[0]}}}, which is neither in the experiment's configuration nor in its "
                "secrets: add it there."
            ) from error
    return _with_whole_paths(filled)


def warmup_plan(load: Mapping[str, Any], variables: Mapping[str, Any], duration_s: float) -> dict[str, Any]:
    """The warm-up: the variables' figures, and on top what the extension says."""
    shared = {key: variables[key] for key in _SHARED if key in variables}
    return {**shared, **load, "name": "warmup", "duration_s": duration_s}


def measured_plan(load: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The measured load: the warm-up's requests, and on top what the action says itself (not: None, an empty text).

    A load over another protocol takes nothing from the warm-up: its words are not that protocol's.
    """
    own_words = _with_whole_paths({key: value for key, value in own.items() if value not in (None, "")})
    without = _PACE | (_BODY if _BODY & own_words.keys() else frozenset())
    if _protocol(load.get("url")) != _protocol(own.get("url")):
        return own_words
    return {**{key: value for key, value in load.items() if key not in without}, **own_words}


def _with_whole_paths(plan: dict[str, Any]) -> dict[str, Any]:
    """The generator runs in another folder; a file that is not here may be in the image that it runs in."""
    file = plan.get("ca_file")
    return {**plan, "ca_file": str(Path(file).resolve())} if file and Path(file).is_file() else plan


def _protocol(url: object) -> str:
    known = find_protocols().get(urlsplit(str(url)).scheme)
    return known.name if known else ""
