"""SYS_REVIEW: what the rules of `chaosproof review` find in the run's own journal. It is a row only where they do.

The rules are those of any journal, but for the doubts that a session settles by its own evidence.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from chaosproof.judge.findings import Findings
from chaosproof.judge.next_steps import MARK
from chaosproof.review.documents import Document
from chaosproof.review.reading import reviewed_journal
from chaosproof.review.rules.registry import findings_of
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.journal import Journal
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["journal_review", "reviewed_run"]

REVIEW = "SYS_REVIEW"
# which built-in check says of a run with a session what a rule says of any: twice would be one mistake in two rows
_STEADY_STATES = ("SYS_STEADY_STATE_BEFORE", "SYS_STEADY_STATE_DURING", "SYS_STEADY_STATE_AFTER")
_SAID_BY: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("action-failed", "method-probe-missed", "method-probe-failed"), ("SYS_ACTIVITIES",)),
    **dict.fromkeys(("method-not-whole", "activity-not-ended", "dry-run"), ("SYS_ACTIVITIES",)),
    **dict.fromkeys(("rollback-failed", "rollbacks-not-played"), ("SYS_ROLLBACKS",)),
    **dict.fromkeys(("baseline-not-met", "during-not-met", "deviated"), _STEADY_STATES),
    **dict.fromkeys(("service-down", "probe-failed", "red-by-construction"), _STEADY_STATES),
    **dict.fromkeys(("no-baseline", "hypothesis-not-measured"), _STEADY_STATES),
    **dict.fromkeys(("no-hypothesis", "empty-hypothesis"), _STEADY_STATES),
    **dict.fromkeys(("no-action", "evidence-missing", "empty-selection"), ("SYS_FAULT_HIT",)),
    "ended-early": ("SYS_SESSION_COMPLETE", *_STEADY_STATES),
}


def reviewed_run(run: RunFolder) -> Document:
    """The document of its journal. The verdict of the session is what is asked for: the journal's own is left out."""
    document = reviewed_journal(run.path / Journal.FILE, run.journal.source, run.variables)
    return replace(document, has_session=True, session_verdict="")


def journal_review(run: RunFolder, document: Document, builtin: Sequence[Check]) -> Iterator[Check]:
    """The row, where a finding in the `document` of the journal is no note, and none of the `builtin` checks that do
    not pass says it already.
    """
    if Journal.FILE in run.problems:
        return
    not_passed = {check.id for check in builtin if check.status != "pass"}
    new = [
        finding
        for finding in findings_of(document)
        if finding.severity != "note" and not_passed.isdisjoint(_SAID_BY.get(finding.code, ()))
    ]
    if not new:
        return
    findings = Findings(REVIEW, f"{Journal.FILE}#{new[0].pointer.removeprefix('/').replace('/', '.')}")
    for finding in new:
        list_ = findings.wrong if finding.severity == "error" else findings.unclear
        list_.append(f"{finding.code}: {finding.message}")
    check = findings.check("")
    yield replace(check, details=f"{check.details}{MARK}{new[0].next_step}")
