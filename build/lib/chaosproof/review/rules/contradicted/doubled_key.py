"""Keys that stand twice in one object: only the last of them counts, silently."""

from collections.abc import Iterator

from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule


def _examine(document: Document) -> Iterator[Finding]:
    for sentence in document.doubled_keys:
        what, _, step = sentence.rpartition(": ")
        yield Finding(code="doubled-key", severity="error", message=what, next_step=step)


RULE = Rule(
    codes={"doubled-key": "A key stands twice in one object, and only the last counts."},
    reads="experiment",
    examine=_examine,
)
