"""Actions that did not do what they are for: they raised, ended with a status, were answered with an error."""

from collections.abc import Iterator

from chaosproof.review.documents import Document
from chaosproof.review.facts.activity import ReviewedActivity
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule


def _examine(document: Document) -> Iterator[Finding]:
    if document.is_dry:
        return
    actions = [activity for activity in document.at_phase("method") if activity.is_action]
    failed = [(activity, why) for activity in actions if (why := _why(activity))]
    for activity, why in failed:
        alone = "; no action of the method succeeded, so nothing was done to the system"
        yield Finding(
            code="action-failed",
            severity="error",
            message=f"the action {activity.name!r} {why}{alone if len(failed) == len(actions) else ''}",
            pointer=activity.pointer,
            next_step="mend the action, or what it needs, and run again: what the hypothesis says holds of no fault",
        )


def _why(activity: ReviewedActivity) -> str:
    if activity.status == "failed":
        return f"failed: {activity.raised or 'the journal does not say why'}"
    return activity.effect.wrong


RULE = Rule(
    codes={
        "action-failed": "An action raised, or ended with an error status, so its fault may never have been."
    },
    reads="journal",
    examine=_examine,
)
