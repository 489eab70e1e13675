"""An experiment that the toolkit itself did not call completed, or of which a part never ran."""

from collections.abc import Iterator

from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule

_CODES = {
    "ended-early": "The experiment was interrupted or aborted, or the toolkit calls it failed.",
    "method-not-whole": "Fewer activities of the method ran than it has.",
}
_HOW = {"interrupted": "was interrupted", "aborted": "was aborted", "failed": "failed"}


def _examine(document: Document) -> Iterator[Finding]:
    if how := _HOW.get(document.status):
        by = f" by {document.ended_by}" if document.ended_by and document.status == "interrupted" else ""
        yield Finding(
            code="ended-early",
            severity="warning",
            message=f"the toolkit itself says that the experiment {how}{by}",
            pointer="/status",
            next_step=f"see {'why' if by else 'in the log of the run what ended it'}, and run it again to its end",
        )
    elif document.status != "completed":
        yield Finding(
            code="ended-early",
            severity="warning",
            message=f"the journal does not say that the experiment was completed (its status is {document.status!r})",
            pointer="/status",
            next_step="run it again to its end",
        )
    ran = len(document.at_phase("method"))
    if ran != len(document.method) and document.measured.get("before") is not False:
        yield Finding(
            code="method-not-whole",
            severity="warning",
            message=f"{ran} of the {len(document.method)} activities of the method ran",
            pointer="/run",
            next_step="see in the log of the run why the others did not, and run it again to its end",
        )


RULE = Rule(codes=_CODES, reads="journal", examine=_examine)
