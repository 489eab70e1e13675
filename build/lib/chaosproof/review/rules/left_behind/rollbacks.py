"""Rollbacks that were not played, failed, or came before the system was looked at: something is left behind."""

from collections.abc import Iterator

from chaosproof.json_access import mappings
from chaosproof.review.documents import Document
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
    if len(played) < len(declared) and document.at_phase("method"):
        yield Finding(
            code="rollbacks-not-played",
            severity="warning",
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
                "asked of a "
                "system that had been mended",
                pointer=activity.pointer,
                next_step="ask the hypothesis first, and roll back after it",
            )


RULE = Rule(codes=_CODES, reads="journal", examine=_examine)
