"""Tolerances that no output misses: they hold of any system, also of one that is gone."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from chaosproof.experiment.tolerances import met_by_anything
from chaosproof.json_access import at, mapping, sequence, text
from chaosproof.review.documents import Document
from chaosproof.review.facts.action_words import function_of
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule

_CODES = {
    "cannot-miss": "No output of the probe is outside of its tolerance.",
    "only-a-file": "The probe asks for a file, which is there whether or not the service runs.",
}
_ALWAYS_0 = frozenset({"true", ":", "echo", "printf", "sleep", "date"})
_FILE_TESTS = ("-e", "-f", "-s", "-r")
_FILE_FUNCTIONS = frozenset(
    {"os.path.exists", "os.path.isfile", "os.path.lexists", "os.stat", "os.path.getsize"}
)


def _examine(document: Document) -> Iterator[Finding]:
    for probe in document.hypothesis_probes:
        name = text(probe.get("name"))
        if why := met_by_anything(probe) or _open_range(probe) or _always_0(probe):
            yield Finding(
                code="cannot-miss",
                severity="warning",
                message=f"the probe {name!r} of the hypothesis cannot be outside of its tolerance: "
                f"{why.partition(': ')[0]}",
                pointer=document.pointer_of(probe),
                next_step=why.partition(": ")[2]
                or "ask for something that is otherwise when the service is down",
            )
        elif path := _asked_file(probe):
            yield Finding(
                code="only-a-file",
                severity="warning",
                message=f"the probe {name!r} of the hypothesis asks whether {path} is there: a file outlives the "
                "process that wrote it",
                pointer=document.pointer_of(probe),
                next_step="ask the service itself: send it a request, or signal 0 to the process that the file names",
            )


def _open_range(probe: Mapping[str, Any]) -> str:
    tolerance = probe.get("tolerance")
    ends = sequence(at(tolerance, "range") or tolerance)
    if len(ends) == 2 and all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends):
        low, high = ends
        if low <= 0 and (high >= 1e300 or math.isinf(high)):
            return f"the range {low} to {high} is met by any number that is not negative: give it an end"
    return ""


def _always_0(probe: Mapping[str, Any]) -> str:
    if at(probe, "provider", "type") != "process" or probe.get("tolerance") != 0:
        return ""
    program = text(at(probe, "provider", "path")).rsplit("/", 1)[-1]
    if program in _ALWAYS_0:
        return f"`{program}` ends with 0 whatever happens"
    return ""


def _asked_file(probe: Mapping[str, Any]) -> str:
    """The file that the probe asks for, where that is all it does; empty else."""
    if function_of(probe) in _FILE_FUNCTIONS:
        return str(next(iter(mapping(at(probe, "provider", "arguments")).values()), "a file"))
    if at(probe, "provider", "type") != "process":
        return ""
    arguments = at(probe, "provider", "arguments")
    parts = arguments.split() if isinstance(arguments, str) else [str(each) for each in sequence(arguments)]
    command = [text(at(probe, "provider", "path")).rsplit("/", 1)[-1], *parts]
    if command[0] in ("sh", "bash", "dash") and "-c" in command:
        command = " ".join(command[command.index("-c") + 1 :]).split()
    if (
        command[:1] in (["test"], ["["])
        and len(command) >= 3
        and command[1] in _FILE_TESTS
        and len(command) <= 4
    ):
        return command[2]
    if command[:1] in (["ls"], ["cat"], ["stat"]) and len(command) == 2:
        return command[1]
    return ""


RULE = Rule(codes=_CODES, reads="either", examine=_examine)
