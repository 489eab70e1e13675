"""An answer that was made before the fault: a cache gave it, and the service was not asked."""

from collections.abc import Iterator

from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule

_RESOLUTION_S = 1.0
"""A Date header, and many a time in a body, is cut to whole seconds."""


def _examine(document: Document) -> Iterator[Finding]:
    before = {activity.name: activity for activity in document.at_phase("before")}
    for activity in document.at_phase("after"):
        first = before.get(activity.name)
        made_at = max(activity.output.instants, default=None)
        if first is None or made_at is None or first.output.digest != activity.output.digest:
            continue
        if first.ended_at is None or activity.began_at is None:
            continue
        age_s = activity.began_at - made_at
        if made_at <= first.ended_at + _RESOLUTION_S and age_s > 2 * _RESOLUTION_S:
            yield Finding(
                code="same-answer",
                severity="warning",
                message=f"the probe {activity.name!r} got the very answer that it got before the method, "
                f"{age_s:.0f} s old "
                "by its own words: it comes from a cache, and says nothing of the service now",
                pointer=f"{activity.pointer}/output",
                next_step="ask past the cache, or wait until its answers expire, so that the service itself answers",
            )


RULE = Rule(
    codes={"same-answer": "The answer after the method was made before it: it was cached."},
    reads="journal",
    examine=_examine,
)
