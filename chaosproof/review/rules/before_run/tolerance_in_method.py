"""Tolerances outside of the hypothesis: Chaos Toolkit never holds an output against them."""

from collections.abc import Iterator

from chaosproof.json_access import text
from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule


def _examine(document: Document) -> Iterator[Finding]:
    for activity in document.method:
        if "tolerance" in activity:
            yield Finding(
                code="tolerance-in-method",
                severity="note",
                message=f"the toolkit passes over the tolerance of {text(activity.get('name'))!r}, which is in the "
                "method",
                pointer=document.pointer_of(activity),
                next_step="add the control chaosproof.controls.verdict, or review the journal afterwards: both hold it",
            )


RULE = Rule(
    codes={"tolerance-in-method": "A tolerance in the method, which the toolkit never holds."},
    reads="experiment",
    examine=_examine,
)
