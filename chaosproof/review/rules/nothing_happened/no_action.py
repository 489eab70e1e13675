"""A method that does nothing: the hypothesis was asked twice of the same system."""

from collections.abc import Iterator

from chaosproof.review.documents import Document
from chaosproof.review.facts.session_words import is_without_fault
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule


def _examine(document: Document) -> Iterator[Finding]:
    declared = [
        activity for activity in document.method if activity.get("type") == "action" or "ref" in activity
    ]
    ran = [activity for activity in document.at_phase("method") if activity.is_action]
    if declared or ran or is_without_fault(document.experiment):
        return
    looked = f"it has {len(document.method)} probes" if document.method else "it is empty"
    yield Finding(
        code="no-action",
        severity="warning",
        message=f"nothing was done to the system: the method has no action ({looked})",
        pointer="/experiment/method" if document.kind == "journal" else "/method",
        next_step="add the action whose effect the hypothesis is about",
    )


RULE = Rule(
    codes={"no-action": "The method has no action, so the hypothesis was held against nothing."},
    reads="either",
    examine=_examine,
)
