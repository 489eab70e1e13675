"""A word of a fault that its kind does not declare, such as another `sides`: a run would refuse the experiment."""

from collections.abc import Iterator

from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule


def _examine(document: Document) -> Iterator[Finding]:
    for sentence in document.refused_words:
        yield Finding(
            code="fault-word",
            severity="error",
            message=sentence,
            pointer="/method",
            next_step="mend it: a run of this experiment would be refused",
        )


RULE = Rule(
    codes={"fault-word": "A fault is given a word that its kind does not have."},
    reads="experiment",
    examine=_examine,
)
