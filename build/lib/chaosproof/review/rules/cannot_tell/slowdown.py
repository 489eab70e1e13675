"""A probe that became many times slower, and stayed within a tolerance that does not ask for time."""

from collections.abc import Iterator

from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule

_TIMES = 10
_LONGER_S = 1.0
"""A user notices a second more, and a tenth of a second that becomes a whole one is no noise of a busy machine."""


def _examine(document: Document) -> Iterator[Finding]:
    before = {activity.name: activity for activity in document.at_phase("before")}
    for activity in document.at_phase("after"):
        first = before.get(activity.name)
        if first is None or activity.tolerance_met is not True or activity.output.is_figure:
            continue
        if activity.provider_type not in ("http", "process"):
            continue
        was_s, now_s = first.duration_s, activity.duration_s
        if was_s is None or now_s is None or now_s - was_s < _LONGER_S or now_s < _TIMES * was_s:
            continue
        yield Finding(
            code="slower-within-tolerance",
            severity="warning",
            message=f"the probe {activity.name!r} took {now_s:.2f} s after the method and {was_s:.2f} s before it, "
            f"{now_s / max(was_s, 0.001):.0f} times as long, and its tolerance does not ask for time",
            pointer=activity.pointer,
            next_step="hold the latency against a tolerance, or give the probe the `timeout` that users have",
        )


RULE = Rule(
    codes={"slower-within-tolerance": "A probe became many times slower and was within its tolerance."},
    reads="journal",
    examine=_examine,
)
