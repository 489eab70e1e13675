"""Whether a run could not be done because the machine lacks something, rather than because the system broke.

An activity says so by raising an error whose class is called `CapabilityError`; the toolkit's journal keeps
the words.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from chaosproof.json_access import sequence, text
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["missing_capability"]

_RAISED = re.compile(r"\bCapabilityError: (.+)")


def missing_capability(run: RunFolder) -> str:
    """The sentence of the first activity that lacked a capability, or an empty string."""
    for line in _exception_lines(run.runs):
        if raised := _RAISED.search(line):
            return raised.group(1).strip()
    return ""


def _exception_lines(runs: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for entry in runs:
        if entry.get("status") != "succeeded":
            yield from (text(line) for line in sequence(entry.get("exception")))
