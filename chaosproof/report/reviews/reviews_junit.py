"""junit.xml of reviews: one test case for each file. What contradicts itself is a failure, a doubt an error."""

from collections.abc import Sequence

from chaosproof.report.formats.junit import junit_xml
from chaosproof.review.review import Review
from chaosproof.runfolder.checks import Check

__all__ = ["reviews_junit"]


def reviews_junit(reviews: Sequence[Review]) -> str:
    """The whole document."""
    return junit_xml(
        "chaosproof review",
        [
            Check(
                id=str(review.file),
                status=review.verdict,
                details="; ".join(
                    f"{finding.code}: {finding.message}. Next: {finding.next_step}"
                    for finding in review.findings
                    if finding.severity != "note"
                )
                or "nothing in the file speaks against it",
                evidence=next(
                    (f"{review.file}#{f.pointer}" for f in review.findings if f.pointer), str(review.file)
                ),
            )
            for review in reviews
        ],
    )
