"""A finding: what a rule has to say of a journal or of an experiment, where it is in the file, and what to do next."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from chaosproof.runfolder.checks import Status

__all__ = ["SEVERITIES", "Finding", "Severity", "verdict_of", "worst_of"]

Severity = Literal["error", "warning", "note"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""From worst to least. An `error` is a contradiction: the file itself refutes the experiment. A `warning` is a doubt:
the
file cannot show what the experiment is for. A `note` changes no verdict."""

_VERDICTS: dict[Severity, Status] = {"error": "fail", "warning": "unknown", "note": "pass"}

_ORDER: tuple[Status, ...] = ("pass", "unknown", "fail")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that a rule saw. `pointer` is a JSON pointer (RFC 6901) into the file; empty for the whole of it."""

    code: str
    severity: Severity
    message: str
    next_step: str
    pointer: str = ""


def verdict_of(findings: Iterable[Finding]) -> Status:
    """`fail` with any error, else `unknown` with any warning, else `pass`."""
    return worst_of(_VERDICTS[finding.severity] for finding in findings)


def worst_of(verdicts: Iterable[Status]) -> Status:
    """The verdict of several: `fail` with any fail, else `unknown` with any unknown, else `pass`."""
    return max(verdicts, key=_ORDER.index, default="pass")
