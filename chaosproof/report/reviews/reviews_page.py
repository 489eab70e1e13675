"""One page of all reviews: a row for each file, with its verdict and findings, and what changed between runs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from chaosproof.report.document import render
from chaosproof.report.quantities import moment
from chaosproof.report.view import Head, Tile
from chaosproof.review.changes import changes_between, runs_in_order
from chaosproof.review.finding import Finding, worst_of
from chaosproof.review.review import Review

__all__ = ["reviews_page"]

_MEANINGS = {
    "pass": "Nothing in these files speaks against them.",
    "fail": "At least one of these files contradicts its own good ending.",
    "unknown": "What at least one of these experiments asked cannot show what it is for.",
}


@dataclass(frozen=True)
class _Row:
    """A file on the page; every value is plain text."""

    file: str
    title: str
    when: str
    took: str
    toolkit: str
    verdict: str
    findings: Sequence[Finding]
    changes: Sequence[str]


def reviews_page(reviews: Sequence[Review]) -> str:
    """The page as HTML, which loads nothing from anywhere."""
    ordered = runs_in_order(list(reviews))
    earlier = {id(later): changes_between(before, later) for before, later in pairwise(ordered)}
    verdict = worst_of(review.verdict for review in reviews)
    counts = Counter(review.verdict for review in reviews)
    codes = Counter(f.code for review in reviews for f in review.findings if f.severity != "note")
    return render(
        "reviews.html.j2",
        head=Head(
            f"Review: {verdict}",
            "chaosproof review",
            f"{len(reviews)} {'files' if len(reviews) > 1 else 'file'} of Chaos Toolkit, reviewed",
            verdict,
            _MEANINGS[verdict],
            [
                Tile("Pass", str(counts["pass"])),
                Tile("Fail", str(counts["fail"]), "contradicted by their own contents"),
                Tile(
                    "Unknown",
                    str(counts["unknown"]),
                    ", ".join(f"{code} {n}" for code, n in codes.most_common(3)),
                ),
            ],
        ),
        rows=[_row(review, earlier.get(id(review), [])) for review in ordered],
    )


def _row(review: Review, changes: Sequence[str]) -> _Row:
    document = review.document
    return _Row(
        file=str(review.file),
        title=review.title,
        when=moment(document.began_at) if document and document.began_at is not None else "",
        took=f"{document.duration_s:.1f} s" if document and document.duration_s is not None else "",
        toolkit=document.toolkit_version if document else "",
        verdict=review.verdict,
        findings=review.findings,
        changes=changes,
    )
