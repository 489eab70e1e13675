"""Whether the output of an activity is within its own tolerance, in each form that Chaos Toolkit has for one.

The toolkit holds only the probes of the hypothesis to their tolerance. In the method and in the rollbacks it passes
over a tolerance in silence, so it is applied here, to the output that the journal keeps.
"""

import json
import re
from collections.abc import Mapping
from contextlib import redirect_stderr
from io import StringIO
from typing import Any

from chaosproof.experiment.variables import resolve
from chaosproof.json_access import at, number, numeral, sequence, text

__all__ = ["within"]


def within(tolerance: Any, output: Any, variables: Mapping[str, Any]) -> bool | None:
    """Whether `output` is within; None for a tolerance that the journal alone cannot answer. Never raises."""
    try:
        return _within(tolerance, output, variables)
    except KeyError:  # a variable that the session does not know
        return None
    # of another kind than it is for, no regex, or one of too many repetitions or brackets
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError, re.error):
        return False


def _within(tolerance: Any, output: Any, variables: Mapping[str, Any]) -> bool | None:
    status = output.get("status") if isinstance(output, Mapping) else None
    if isinstance(tolerance, Mapping):
        value = output.get(tolerance["target"], output) if tolerance.get("target") else output
        match tolerance.get("type"):
            case "regex":
                pattern = str(resolve(tolerance.get("pattern"), variables))
                return re.search(pattern, value) is not None
            case "jsonpath":
                return _by_path(tolerance, value, variables)
            case "range":
                return _between(sequence(tolerance.get("range")), numeral(value))
            case _:  # a probe of its own: it would have to be run
                return None
    if sequence(tolerance):
        if status is not None:
            return status in tolerance
        return _between(tolerance, number(output)) if len(tolerance) == 2 else output in tolerance
    wanted = resolve(tolerance, variables)
    if status is not None and number(wanted) is not None:
        return bool(status == wanted)
    return bool(output == wanted)


def _between(bounds: Any, value: float | None) -> bool:
    low, high = bounds
    return value is not None and bool(low <= value <= high)


def _by_path(tolerance: Mapping[str, Any], value: Any, variables: Mapping[str, Any]) -> bool:
    # takes its time to load, and few experiments have such a tolerance
    from jsonpath2.path import Path  # type: ignore[import-untyped]

    if text(value):
        value = json.loads(value)
    path = str(resolve(tolerance.get("path"), variables)).strip()
    with redirect_stderr(
        StringIO()
    ):  # its parser prints what it does not understand, and raises ValueError then
        matches = [match.current_value for match in Path.parse_str(path).match(value)]
    if "expect" in tolerance:
        expected = resolve(tolerance["expect"], variables)
        return matches == (list(expected) if sequence(expected) else [expected])
    count = at(tolerance, "count")
    return bool(matches) if count is None else len(matches) == count
