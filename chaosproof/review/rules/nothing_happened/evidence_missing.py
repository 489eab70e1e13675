"""What the experiment itself says proves the effect of an action, and the journal does not show."""

from collections.abc import Iterator

from chaosproof.experiment.evidence import evidence_of, unread_evidence
from chaosproof.review.documents import Document
from chaosproof.review.facts.proof import NOT_SHOWN_STEP, not_shown, why_not_shown
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule


def _examine(document: Document) -> Iterator[Finding]:
    for sentence in unread_evidence(document.experiment):
        yield Finding(
            code="evidence-missing",
            severity="warning",
            message=f"what shall prove an action's effect is not understood: {sentence}",
            pointer="/experiment/extensions",
            next_step='write {"activity": NAME, "shows": ...}, as docs/reference/review.md has it',
        )
    for evidence in evidence_of(document.experiment):
        if why := why_not_shown(document, evidence):
            yield Finding(
                code="evidence-missing",
                severity="warning",
                message=not_shown(evidence, why),
                pointer="/experiment/extensions",
                next_step=NOT_SHOWN_STEP,
            )


RULE = Rule(
    codes={"evidence-missing": "What the experiment says proves the effect of an action was not seen."},
    reads="journal",
    examine=_examine,
)
