"""Outputs of activities that Chaos Toolkit cannot hold against a tolerance, or put into JSON.

It raises from such an output in the middle of its own code: the experiment dies with a traceback, its rollbacks and its
controls are skipped. Here the activity fails instead, so that the steady state is not met, and the run goes its way.
"""

import logging
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from chaoslib import substitute
from chaoslib.hypothesis import within_tolerance
from chaoslib.types import Configuration, Secrets

from chaosproof.json_access import number

__all__ = ["fail_if_unusable"]

_LOG = logging.getLogger("chaostoolkit")
_SHOWN_MAX = 200


def fail_if_unusable(
    activity: Mapping[str, Any],
    run: MutableMapping[str, Any],
    configuration: Configuration,
    secrets: Secrets,
    *,
    dry: bool = False,
) -> None:
    """Make a failed activity of a `run` that measured no number, or what its tolerance cannot be asked about."""
    if dry or run.get("status") != "succeeded":
        return
    name, output = activity.get("name"), run.get("output")
    strange = next(_no_numbers(output), None)
    if strange is not None:
        why = f"{name!r} measured {_shown(strange)}, which is no number that can be judged"
    elif error := _error_of_tolerance(activity.get("tolerance"), output, configuration, secrets):
        why = f"{name!r} measured {_shown(output)}, which its tolerance cannot be asked about: {error}"
    else:
        return
    run["status"] = "failed"
    run["output"] = _shown(output)
    run["exception"] = [f"chaoslib.exceptions.ActivityFailed: {why}\n"]
    _LOG.error(f"  => failed: {why}")


def _no_numbers(value: Any) -> Iterator[Any]:
    """NaN, infinities and what is beyond a float, anywhere in an output."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _no_numbers(item)
    elif isinstance(value, int | float) and not isinstance(value, bool) and number(value) is None:
        yield value


def _error_of_tolerance(
    tolerance: Any, output: Any, configuration: Configuration, secrets: Secrets
) -> Exception | None:
    if tolerance is None or (isinstance(tolerance, Mapping) and tolerance.get("type") == "probe"):
        return None  # a probe would be run twice
    try:
        if isinstance(tolerance, str):
            tolerance = substitute(tolerance, configuration, secrets)
        within_tolerance(tolerance, output, configuration=configuration, secrets=secrets)
    except Exception as error:
        return error
    return None


def _shown(value: Any) -> str:
    try:
        shown = repr(value)
    except ValueError:  # a whole number of more digits than Python writes
        return "a number beyond a float"
    return shown if len(shown) <= _SHOWN_MAX else f"{shown[:_SHOWN_MAX]}..."
