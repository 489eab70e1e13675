"""A review as SARIF 2.1.0 (OASIS): each finding at its line of the experiment, where that is at hand.

A doubt is `open`, which is SARIF's word for an analysis that could not tell.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from chaosproof.report.formats.sarif_log import sarif_log
from chaosproof.review.finding import Finding
from chaosproof.review.places import Located
from chaosproof.review.review import Review
from chaosproof.review.rules.registry import codes

__all__ = ["reviews_sarif"]

_OUTCOMES = {
    "error": {"kind": "fail", "level": "error"},
    "warning": {"kind": "open", "level": "none"},
    "note": {"kind": "informational", "level": "none"},
}


def reviews_sarif(reviews: Sequence[Review], located: Located, version: str) -> str:
    """The log of `version` of this program."""
    ids = list(codes())
    results = [_result(finding, ids, review, located) for review in reviews for finding in review.findings]
    return sarif_log("chaosproof review", version, codes(), results)


def _result(finding: Finding, ids: Sequence[str], review: Review, located: Located) -> dict[str, Any]:
    file, line = located.of(finding, review.file, review.document)
    index = {"ruleIndex": ids.index(finding.code)} if finding.code in ids else {}
    return {
        "ruleId": finding.code,
        **index,
        **_OUTCOMES[finding.severity],
        "message": {"text": f"{finding.message}. Next: {finding.next_step}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(file.as_posix())},
                    "region": {"startLine": line},
                }
            }
        ],
        "partialFingerprints": {"chaosproof/review": f"{finding.code}{finding.pointer}"},
    }
