"""A check, and the rule that folds many into one verdict: the worst wins, and none at all is `unknown`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Check",
    "Status",
    "counts",
    "failed",
    "guarded",
    "one_line",
    "passed",
    "skipped",
    "unknown",
    "worst",
]

Status = Literal["pass", "fail", "unknown"]


@dataclass(frozen=True)
class Check:
    """One question and its answer.

    `evidence` is a file of the run folder and, after `#`, a place in it. `skipped` marks an `unknown` that
    this machine could never have answered (a missing capability); in every verdict it counts as `unknown`.
    The words may quote what any file said, so they are made one printable line.
    """

    id: str
    status: Status
    details: str
    evidence: str
    skipped: bool = False

    def __post_init__(self) -> None:
        for name in ("id", "details", "evidence"):
            object.__setattr__(self, name, one_line(getattr(self, name)))


def one_line(words: str) -> str:
    """The words on one line, without what ends a cell and what no file or terminal should get."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def passed(id: str, details: str, evidence: str) -> Check:
    """A check that holds."""
    return Check(id, "pass", details, evidence)


def failed(id: str, details: str, evidence: str) -> Check:
    """A check that was answered, and does not hold."""
    return Check(id, "fail", details, evidence)


def unknown(id: str, details: str, evidence: str) -> Check:
    """A check that the files cannot answer."""
    return Check(id, "unknown", details, evidence)


def skipped(id: str, details: str, evidence: str) -> Check:
    """A check that could not be answered because the machine lacks a capability."""
    return Check(id, "unknown", details, evidence, skipped=True)


def worst(statuses: Iterable[str]) -> Status:
    """Fold statuses into one: fail > unknown > pass. A status that is none of the three is no pass either."""
    seen = set(statuses)
    if "fail" in seen:
        return "fail"
    return "pass" if seen == {"pass"} else "unknown"


def counts(checks: Iterable[Check]) -> dict[str, int]:
    """`{total, pass, fail, unknown}`."""
    tally = {"total": 0, "pass": 0, "fail": 0, "unknown": 0}
    for check in checks:
        tally["total"] += 1
        tally[check.status] += 1
    return tally


def guarded(id: str, evidence: str, question: Callable[[], Check]) -> Check:
    """Ask `question`; a checker that crashes has found nothing out: `unknown`, with its error."""
    try:
        return question()
    except Exception as error:
        return unknown(id, f"the checker itself failed: {type(error).__name__}: {error}", evidence)
