"""One request before and one after: whether one request in two fails, it may well come through."""

from collections.abc import Iterator

from chaosproof.review.documents import Document
from chaosproof.review.facts.action_words import tokens
from chaosproof.review.facts.activity import ReviewedActivity
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule

_CLIENTS = frozenset({"curl", "wget", "grpcurl", "httpie", "xh", "nc"})


def _examine(document: Document) -> Iterator[Finding]:
    after = document.at_phase("after")
    looks = [
        a
        for a in document.at_phase("method")
        if not a.is_action and (a.output.is_figure or _is_one_request(a))
    ]
    if not after or document.at_phase("during") or looks or not all(map(_is_one_request, after)):
        return
    names = [activity.name for activity in after]
    yield Finding(
        code="single-sample",
        severity="warning",
        message=f"the hypothesis rests on {len(names)} request{'s' if len(names) > 1 else ''} before and as many after "
        f"({', '.join(map(repr, names[:4]))}): a service that fails one request in two would pass half of the time",
        pointer="/steady_states/after",
        next_step="send many requests while the fault is on, and hold their error rate against a tolerance",
    )


def _is_one_request(activity: ReviewedActivity) -> bool:
    if activity.status != "succeeded" or activity.output.is_figure:
        return False
    if activity.provider_type == "http":
        return True
    return activity.provider_type == "process" and bool(tokens(activity.declared, with_name=False) & _CLIENTS)


RULE = Rule(
    codes={"single-sample": "The hypothesis rests on one request before and one after."},
    reads="journal",
    examine=_examine,
    needs_no_session=True,
)
