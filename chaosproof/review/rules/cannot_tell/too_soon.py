"""A hypothesis that is asked again before anything can have happened: a kill takes effect later than it returns."""

from collections.abc import Iterator

from chaosproof.review.documents import Document
from chaosproof.review.facts.action_words import is_moment
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule

_EFFECT_S = 1.0
"""Within this nothing has recovered, and often nothing has failed: a kubelet, a service registry and a health check
of a
load balancer work in seconds."""


def _examine(document: Document) -> Iterator[Finding]:
    after = [a for a in document.at_phase("after") if a.ended_at is not None]
    method = document.at_phase("method")
    if not after or not method or not method[-1].is_action or document.at_phase("during"):
        return
    action = method[-1]
    if action.ended_at is None or action.status != "succeeded" or not is_moment(action.declared):
        return
    last_at = max(a.ended_at for a in after if a.ended_at is not None)
    apart_s = last_at - action.ended_at
    if apart_s < _EFFECT_S:
        yield Finding(
            code="checked-too-soon",
            severity="warning",
            message=f"the hypothesis had been asked again {apart_s:.2f} s after {action.name!r}: sooner than such "
            "an action takes effect, and sooner than any recovery",
            pointer="/steady_states/after",
            next_step="let the action pause (`pauses.after`), measure during the method (--hypothesis-strategy "
            "continuously), or wait in a probe until the effect is seen",
        )


RULE = Rule(
    codes={
        "checked-too-soon": "The hypothesis was asked again sooner than the action can have had its effect."
    },
    reads="journal",
    examine=_examine,
    needs_no_session=True,
)
