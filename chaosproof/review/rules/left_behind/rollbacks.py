"""Rollbacks that were not played, failed, or came before the system was looked at: something is left behind."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaosproof.json_access import mappings
from chaosproof.review.documents import Document
from chaosproof.review.facts.action_words import is_undo
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule

_CODES = {
    "rollbacks-not-played": "Rollbacks that are declared were not played: the fault may be on still.",
    "rollback-failed": "A rollback failed: the fault may be on still.",
    "rollback-before-check": "A rollback had mended the system before the hypothesis was asked again.",
}


def _examine(document: Document) -> Iterator[Finding]:
    declared = mappings(document.experiment.get("rollbacks"))
    played = document.at_phase("rollback")
    # toolkits before 1.15 have no activity of a method that was interrupted
    begun = document.at_phase("method") or document.status in ("interrupted", "aborted")
    if len(played) < len(declared) and begun:
        unwanted = not played and document.status == "completed" and not document.deviated
        yield Finding(
            code="rollbacks-not-played",
            # by --rollback-strategy deviated, say, which no journal has; what the method itself took back is not left
            severity="note" if unwanted and _taken_back(document.method) else "warning",
            message=f"{len(played)} of {len(declared)} rollbacks were played: what the method did may be on still",
            pointer="/rollbacks",
            next_step="undo it by hand now; from now on run with --rollback-strategy always",
        )
    asked_at = [a.began_at for a in document.at_phase("after") if a.began_at is not None]
    for activity in played:
        if why := f"failed: {activity.raised}" if activity.status == "failed" else activity.effect.wrong:
            yield Finding(
                code="rollback-failed",
                severity="error",
                message=f"the rollback {activity.name!r} {why}",
                pointer=activity.pointer,
                next_step="undo it by hand now, and mend the rollback",
            )
        elif asked_at and activity.ended_at is not None and activity.ended_at < min(asked_at):
            yield Finding(
                code="rollback-before-check",
                severity="warning",
                message=f"the rollback {activity.name!r} had ended before the hypothesis was asked again: it was "
                "asked of a system that had been mended",
                pointer=activity.pointer,
                next_step="ask the hypothesis first, and roll back after it",
            )


def _taken_back(method: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the last action of the method is one that takes something back."""
    actions = [activity for activity in method if activity.get("type") == "action"]
    return bool(actions) and is_undo(actions[-1])


RULE = Rule(codes=_CODES, reads="journal", examine=_examine)
