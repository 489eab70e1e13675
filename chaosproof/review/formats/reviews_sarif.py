"""A review as SARIF 2.1.0 (OASIS): each finding at its line of the experiment, where that is at hand.

A doubt is `open`, which is SARIF's word for an analysis that could not tell.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from chaosproof.json_access import text
from chaosproof.review.finding import Finding
from chaosproof.review.places import line_of
from chaosproof.review.review import Review
from chaosproof.review.rules.registry import codes

__all__ = ["reviews_sarif"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_OUTCOMES = {
    "error": {"kind": "fail", "level": "error"},
    "warning": {"kind": "open", "level": "none"},
    "note": {"kind": "informational", "level": "none"},
}


def reviews_sarif(reviews: Sequence[Review], experiments: Sequence[Path], version: str) -> str:
    """The log. `experiments` are files that journals may have come from: a finding of a journal whose experiment is
    among them, by its title, is shown at its line there, and else in the journal.
    """
    ids = list(codes())
    texts = {file: file.read_text(encoding="utf-8", errors="replace") for file in experiments}
    results = [_result(finding, ids, review, texts) for review in reviews for finding in review.findings]
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "chaosproof review",
                        "version": version,
                        "rules": [
                            {"id": code, "shortDescription": {"text": meaning}}
                            for code, meaning in codes().items()
                        ],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _result(finding: Finding, ids: Sequence[str], review: Review, texts: dict[Path, str]) -> dict[str, Any]:
    file, line = _place(finding, review, texts)
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


def _place(finding: Finding, review: Review, texts: dict[Path, str]) -> tuple[Path, int]:
    document = review.document
    if document is None:
        return review.file, 1
    if document.kind == "experiment":
        return review.file, line_of(document.text, finding.pointer)
    pointer = _in_experiment(finding.pointer)
    title = text(document.experiment.get("title"))
    own = next((file for file, content in texts.items() if title and title in content), None)
    return (own, line_of(texts[own], pointer)) if own else (review.file, 1)


def _in_experiment(pointer: str) -> str:
    """The pointer into the experiment of a pointer into a journal of it."""
    for journal, experiment in (
        ("/experiment", ""),
        ("/run", "/method"),
        ("/steady_states/before", "/steady-state-hypothesis"),
        ("/steady_states/after", "/steady-state-hypothesis"),
        ("/steady_states", "/steady-state-hypothesis"),
    ):
        if pointer.startswith(journal):
            return experiment + pointer.removeprefix(journal).removesuffix("/output")
    return pointer
