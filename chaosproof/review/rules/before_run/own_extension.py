"""Mistakes in this project's own extension, which a run of the experiment would refuse."""

from collections.abc import Iterator

from chaosproof.experiment.experiment import mistakes_of
from chaosproof.experiment.extension import extensions_of
from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule


def _examine(document: Document) -> Iterator[Finding]:
    if not extensions_of(document.experiment):
        return
    for sentence in mistakes_of(document.experiment):
        yield Finding(
            code="extension-mistake",
            severity="error",
            message=sentence,
            pointer="/extensions",
            next_step="mend it: a run of this experiment would be refused",
        )


RULE = Rule(
    codes={"extension-mistake": "A mistake in the extension of Chaosproof."},
    reads="experiment",
    examine=_examine,
)
