"""Whether a run could not be done because the machine lacks something, rather than because the system broke.

An activity says so by raising an error whose class is called `CapabilityError`; the toolkit's journal keeps
the words.
"""

import re

from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["missing_capability"]

_RAISED = re.compile(r"\bCapabilityError: (.+)")


def missing_capability(run: RunFolder) -> str:
    """The sentence of the first activity that lacked a capability, or an empty string."""
    lines = (line for entry in run.journal.run if entry.status != "succeeded" for line in entry.exception)
    raised = next(filter(None, map(_RAISED.search, lines)), None)
    return raised.group(1).strip() if raised else ""
