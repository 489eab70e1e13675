"""Activities whose tolerance says nothing: it cannot be missed, or asks for a file that outlives what wrote it."""

import math
import re
from collections.abc import Mapping
from typing import Any

from chaosproof.experiment.method_actions import function_of
from chaosproof.experiment.tolerances import met_by_anything
from chaosproof.json_access import at, mapping, sequence, text

__all__ = ["always_prints", "asked_file", "cannot_miss"]

_ENDLESS = 1e18
"""No end for a number that is measured: in nanoseconds it would be 30 years."""
_PRINTS = frozenset({"echo", "printf", "date"})
_ALWAYS_0 = _PRINTS | {"true", ":", "sleep"}
_SHELLS = ("sh", "bash", "dash")
_MORE_THAN_ONE_COMMAND = re.compile(r"[;&|<>$`\n]")
_FILE_TESTS = ("-e", "-f", "-s", "-r")
_FILE_FUNCTIONS = frozenset(
    {"os.path.exists", "os.path.isfile", "os.path.lexists", "os.stat", "os.path.getsize"}
)


def cannot_miss(activity: Mapping[str, Any]) -> str:
    """Why no output of the activity is outside of its tolerance, and what to write instead; empty when some is."""
    return met_by_anything(activity) or _open_range(activity) or _always_0(activity)


def always_prints(activity: Mapping[str, Any]) -> str:
    """Why the activity prints something whatever happens; empty when it need not."""
    program = _program(activity)
    return f"`{program}` prints something whatever happens" if program in _PRINTS else ""


def asked_file(activity: Mapping[str, Any]) -> str:
    """The file that the activity asks for, where that is all it does; empty else."""
    if function_of(activity) in _FILE_FUNCTIONS:
        return str(next(iter(mapping(at(activity, "provider", "arguments")).values()), "a file"))
    command = _command(activity)
    if command[:1] in (["test"], ["["]) and 3 <= len(command) <= 4 and command[1] in _FILE_TESTS:
        return command[2]
    if command[:1] in (["ls"], ["cat"], ["stat"]) and len(command) == 2:
        return command[1]
    return ""


def _open_range(activity: Mapping[str, Any]) -> str:
    tolerance = activity.get("tolerance")
    ends = sequence(at(tolerance, "range") or tolerance)
    if len(ends) == 2 and all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends):
        low, high = ends
        if low <= 0 and (high >= _ENDLESS or (isinstance(high, float) and math.isinf(high))):
            return f"the range {low} to {high} is met by any number that is not negative: give it an end"
    return ""


def _always_0(activity: Mapping[str, Any]) -> str:
    program = _program(activity)
    if activity.get("tolerance") == 0 and program in _ALWAYS_0:
        return f"`{program}` ends with 0 whatever happens"
    return ""


def _program(activity: Mapping[str, Any]) -> str:
    return next(iter(_command(activity)), "").rsplit("/", 1)[-1]


def _command(activity: Mapping[str, Any]) -> list[str]:
    """The words of the one command that a process runs, also one in a shell; of several commands, the shell's."""
    if at(activity, "provider", "type") != "process":
        return []
    arguments = at(activity, "provider", "arguments")
    parts = arguments.split() if isinstance(arguments, str) else [str(each) for each in sequence(arguments)]
    command = [text(at(activity, "provider", "path")).rsplit("/", 1)[-1], *parts]
    if command[0] in _SHELLS and "-c" in command:
        inside = " ".join(command[command.index("-c") + 1 :])
        if not _MORE_THAN_ONE_COMMAND.search(inside):
            return inside.split()
    return command
