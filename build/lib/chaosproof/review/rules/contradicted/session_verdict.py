"""The verdict of this project's own session, where the run had one: it rests on evidence that a journal does not
hold."""

from collections.abc import Iterator

from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding, Severity
from chaosproof.review.rules.base import Rule

_SEVERITIES: dict[str, Severity] = {"fail": "error", "pass": "note"}


def _examine(document: Document) -> Iterator[Finding]:
    if verdict := document.session_verdict:
        yield Finding(
            code="session-verdict",
            severity=_SEVERITIES.get(verdict, "warning"),
            message=f"the session judged the run: {verdict}",
            pointer="/chaosproof/verdict",
            next_step="chaosproof judge RUN_DIR holds the verdict against the raw files of the run",
        )


RULE = Rule(
    codes={"session-verdict": "What the session of Chaosproof made of the run."},
    reads="journal",
    examine=_examine,
)
