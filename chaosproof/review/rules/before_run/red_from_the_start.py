"""A hypothesis that the method itself makes unmet, seen before the run."""

from collections.abc import Iterator

from chaosproof.json_access import text
from chaosproof.review.documents import Document
from chaosproof.review.facts.by_construction import red_by_construction
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule


def _examine(document: Document) -> Iterator[Finding]:
    for probe in document.hypothesis_probes:
        if action := red_by_construction(document, probe):
            yield Finding(
                code="will-be-red",
                severity="warning",
                message=f"the probe {text(probe.get('name'))!r} looks at what the action {action!r} changes: it "
                "will be unmet, however well the system copes",
                pointer=document.pointer_of(probe),
                next_step="ask for what users have of the service, instead of for the fault itself",
            )


RULE = Rule(
    codes={"will-be-red": "The hypothesis looks at the very thing that the method changes."},
    reads="experiment",
    examine=_examine,
)
