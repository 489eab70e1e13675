"""JSON on request: one object for each file, with its verdict and its findings."""

import json
from collections.abc import Sequence
from typing import Any

from chaosproof.review.finding import Finding, worst_of
from chaosproof.review.review import Review

__all__ = ["finding_json", "review_json", "reviews_json"]


def reviews_json(reviews: Sequence[Review]) -> str:
    """All of them, and the worst verdict."""
    whole = {
        "verdict": worst_of(review.verdict for review in reviews),
        "reviews": [review_json(r) for r in reviews],
    }
    return json.dumps(whole, indent=2, ensure_ascii=False)


def review_json(review: Review) -> dict[str, Any]:
    """The review of one file."""
    return {
        "file": str(review.file),
        "kind": review.document.kind if review.document else None,
        "title": review.title,
        "status": review.document.status or None if review.document else None,
        "verdict": review.verdict,
        "findings": [finding_json(finding) for finding in review.findings],
    }


def finding_json(finding: Finding) -> dict[str, str]:
    """One finding."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "message": finding.message,
        "pointer": finding.pointer,
        "next_step": finding.next_step,
    }
