"""The review of a run that has just ended, and an exit code of `chaos run` that follows it: what
`chaosproof.controls.verdict` does.

It listens for the end instead of being called as a control at it: other controls may still change the journal after
that, and a toolkit that dies skips its controls. https://chaostoolkit.org/reference/api/journal/ has the words of
`status`.
"""

import sys
from pathlib import Path

from chaoslib.run import RunEventHandler
from chaoslib.types import Journal

from chaosproof.report.reviews.reviews_json import finding_json
from chaosproof.report.reviews.reviews_terminal import print_reviews
from chaosproof.review.reading import reviewed_journal
from chaosproof.review.review import Review, review_document
from chaosproof.runfolder.journal import Journal as JournalFile
from chaosproof.toolkit.reports.verdict_state import add_verdict_state

__all__ = ["ReviewAtTheEnd"]

KEY = "chaosproof_review"
_COMMAND = ("review", JournalFile.FILE)


class ReviewAtTheEnd(RunEventHandler):  # type: ignore[misc]
    """Reviews the journal when the toolkit is finished with it, in any way."""

    def finish(self, journal: Journal) -> None:
        """Put the findings into the journal, let its status follow, and print the verdict."""
        own = {"status": journal.get("status"), "deviated": journal.get("deviated")}
        try:
            review = review_document(reviewed_journal(Path(JournalFile.FILE), journal))
        except Exception as error:
            journal["status"] = "failed"
            reason = f"the review failed: {error!r}"
            journal[KEY] = {"verdict": "unknown", "toolkit": own, "reason": reason}
            add_verdict_state(journal, "unknown", [("review", reason)], _COMMAND)
            print(f"The run could not be reviewed, so it is no pass: {error!r}", file=sys.stderr)
            return
        journal[KEY] = {
            "verdict": review.verdict,
            "toolkit": own,
            "findings": [finding_json(finding) for finding in review.findings],
        }
        _follow(journal, review)
        severity = "error" if review.verdict == "fail" else "warning"
        reasons = [(f.code, f.message) for f in review.findings if f.severity == severity]
        add_verdict_state(journal, review.verdict, reasons, _COMMAND)
        print_reviews([review])


def _follow(journal: Journal, review: Review) -> None:
    """Only a pass leaves the journal completed and not deviated."""
    if review.verdict == "fail":
        journal["deviated"] = True
    elif review.verdict == "unknown" and journal.get("status") == "completed":
        journal["status"] = "failed"
