"""Actions that picked nothing: no pod matched, and the action was content."""

import re
from collections.abc import Iterator

from chaosproof.review.documents import Document
from chaosproof.review.facts.action_words import known_provider
from chaosproof.review.facts.activity import ReviewedActivity
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule

# what command lines print when they had nothing to do, and end with 0 all the same
_NOTHING = re.compile(
    r"no resources found|no matching|nothing to do|\b0 (pods?|containers?|instances?|nodes?)\b|no such "
    r"(container|process)",
    re.IGNORECASE,
)


def _examine(document: Document) -> Iterator[Finding]:
    for activity in document.at_phase("method"):
        if activity.is_action and activity.status == "succeeded" and (what := _nothing(activity)):
            yield Finding(
                code="empty-selection",
                severity="warning",
                message=f"the action {activity.name!r} {what}: it acted on nothing",
                pointer=f"{activity.pointer}/output",
                next_step="mend its selection (label, name, namespace), and let a probe show that something was hit",
            )


def _nothing(activity: ReviewedActivity) -> str:
    output = activity.output
    if activity.provider_type == "python":
        if output.is_empty and output.value in ("[]", "{}", "()"):
            return f"returned {output.value}"
        if known_provider(activity.declared) and (output.is_empty or output.value == "0"):
            return f"returned {output.value or 'an empty text'}"
    if activity.provider_type == "process" and (printed := _NOTHING.search(output.value)):
        return f"ended with 0 and printed {printed[0]!r}"
    return ""


RULE = Rule(
    codes={"empty-selection": "An action succeeded and returned an empty selection: nothing was hit."},
    reads="journal",
    examine=_examine,
)
