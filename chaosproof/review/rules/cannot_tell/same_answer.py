"""An answer that was made before the fault: a cache gave it, and the service was not asked."""

from collections.abc import Iterator

from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule

_RESOLUTION_S = 1.0
"""A Date header, and many a time in a body, is cut to whole seconds."""


def _examine(document: Document) -> Iterator[Finding]:
    before = {activity.name: activity for activity in document.at_phase("before")}
    actions = [a.began_at for a in document.at_phase("method") if a.is_action and a.began_at is not None]
    if not actions:
        return
    for activity in document.at_phase("after"):
        first = before.get(activity.name)
        made_at = max(activity.output.instants, default=None)
        if first is None or made_at is None or first.output.digest != activity.output.digest:
            continue
        if made_at + _RESOLUTION_S < min(actions):
            yield Finding(
                code="same-answer",
                severity="warning",
                message=f"the probe {activity.name!r} got the same answer as before the method, and by its own "
                "words that was "
                f"made {min(actions) - made_at:.1f} s before the first action: it comes from a cache",
                pointer=f"{activity.pointer}/output",
                next_step="ask past the cache, or wait until its answers expire, so that the service itself answers",
            )


RULE = Rule(
    codes={"same-answer": "The answer after the method was made before it: it was cached."},
    reads="journal",
    examine=_examine,
)
