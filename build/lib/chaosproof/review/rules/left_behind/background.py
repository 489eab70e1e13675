"""Activities in the background that had not ended when the experiment had."""

from collections.abc import Iterator

from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule


def _examine(document: Document) -> Iterator[Finding]:
    for activity in document.activities:
        if activity.status in ("succeeded", "failed") and activity.ended_at is not None:
            continue
        if activity.phase in ("before", "during", "after"):
            continue
        background = "in the background " if activity.declared.get("background") else ""
        yield Finding(
            code="activity-not-ended",
            severity="warning",
            message=f"{activity.name!r} {background}had not ended when the experiment ended: what it did may be on "
            "still",
            pointer=activity.pointer,
            next_step="see whether it still runs and end it; give it a timeout that is shorter than the experiment",
        )


RULE = Rule(
    codes={"activity-not-ended": "An activity had not ended when the experiment had."},
    reads="journal",
    examine=_examine,
)
