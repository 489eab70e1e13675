"""How a check is answered, and the rule that folds many into one verdict: the worst wins, none at all is `unknown`."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import get_args

from chaosproof.runfolder.checks import Check, Status

__all__ = ["counts", "failed", "guarded", "passed", "skipped", "unknown", "worst"]


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
    tally = Counter(check.status for check in checks)
    return {"total": tally.total(), **{status: tally[status] for status in get_args(Status)}}


def guarded(id: str, evidence: str, question: Callable[[], Check]) -> Check:
    """Ask `question`; a checker that crashes has found nothing out: `unknown`, with its error."""
    try:
        return question()
    except Exception as error:
        return unknown(id, f"the checker itself failed: {type(error).__name__}: {error}", evidence)
