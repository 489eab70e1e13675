"""What CI shows of a review: GitHub's annotations at the lines of the experiment, and a table for the step summary.

Workflow commands: GitHub's "Workflow commands for GitHub Actions".
"""

from collections.abc import Sequence

from chaosproof.report.formats.ci import cell, escape_message, escape_property, mark
from chaosproof.report.shown_path import shown_path
from chaosproof.review.finding import Severity
from chaosproof.review.places import Located
from chaosproof.review.review import Review

__all__ = ["review_annotations", "review_summary"]

_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "note": "notice"}


def review_annotations(reviews: Sequence[Review], located: Located) -> list[str]:
    """One workflow command for each finding."""
    return [
        f"::{_LEVELS[finding.severity]} file={escape_property(file.as_posix())},line={line},"
        f"title={escape_property(f'{finding.code}: {review.title}')}::"
        f"{escape_message(f'{finding.message}. Next: {finding.next_step}')}"
        for review in reviews
        for finding in review.findings
        for file, line in (located.of(finding, review.file, review.document),)
    ]


def review_summary(reviews: Sequence[Review]) -> str:
    """A row for each file, as Markdown."""
    lines = [
        "## Review of Chaos Toolkit's files",
        "",
        "| file | experiment | verdict | findings |",
        "|---|---|---|---|",
    ]
    for review in reviews:
        codes = ", ".join(dict.fromkeys(f.code for f in review.findings if f.severity != "note"))
        cells = (
            str(shown_path(review.file)),
            review.title,
            f"{mark(review.verdict)} {review.verdict}",
            codes,
        )
        lines.append(f"| {' | '.join(map(cell, cells))} |")
    return "\n".join(lines) + "\n"
