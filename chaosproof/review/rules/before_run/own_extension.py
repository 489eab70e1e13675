"""Mistakes in this project's own extension, which a run of the experiment would refuse."""

from collections.abc import Iterable, Iterator

from chaosproof.experiment.evidence import evidence_mistakes, unread_evidence
from chaosproof.experiment.experiment import mistakes_of
from chaosproof.experiment.extension import extensions_of
from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule

_FOR_A_REVIEW = frozenset({"name", "evidence", "no_fault"})


def _examine(document: Document) -> Iterator[Finding]:
    if not extensions_of(document.experiment):
        return
    for sentence in _mistakes(document):
        yield Finding(
            code="extension-mistake",
            severity="error",
            message=sentence,
            pointer="/extensions",
            next_step="mend it: a run of this experiment would be refused",
        )


def _mistakes(document: Document) -> Iterable[str]:
    """Who only says what proves the effect, for a review, need not claim anything of a run with a session."""
    if all({*extension} <= _FOR_A_REVIEW for extension in extensions_of(document.experiment)):
        return (*unread_evidence(document.experiment), *evidence_mistakes(document.experiment))
    return mistakes_of(document.experiment)


RULE = Rule(
    codes={"extension-mistake": "A mistake in the extension of Chaosproof."},
    reads="experiment",
    examine=_examine,
)
