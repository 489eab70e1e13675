"""Chaos Toolkit's own `chaostoolkit/agent/run/v1` document of a journal, with what it passes over put right.

Format: chaostoolkit 1.21.4, `chaostoolkit/agent.py` and the page agent-report.md in its skill. Its outcome is read
off the status and off the hypothesis alone, and it is conclusive unless an activity raised. Here a probe of the
method that missed its tolerance, a service that refused a probe, and `deviated` are `deviated`; whatever leaves a
doubt makes it inconclusive.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chaosproof.errors import EXIT_CODES
from chaosproof.json_access import mappings
from chaosproof.review.documents import Document
from chaosproof.review.facts.activity import ReviewedActivity
from chaosproof.review.finding import Finding
from chaosproof.review.review import Review

__all__ = ["agent_document", "reviews_agent"]

SCHEMA = "chaostoolkit/agent/run/v1"

_DEVIATES = frozenset(
    {"deviated", "during-not-met", "service-down", "method-probe-missed", "session-verdict"}
)
_SENTENCES = {
    "interrupted": "The run was interrupted before it completed.",
    "aborted": "The method ran into an unexpected error, the run was aborted.",
    "baseline-not-met": "The steady state did not hold before the method, nothing was injected.",
    "probe-error": "A steady-state probe could not be executed, its tolerance could not be evaluated.",
    "error": "The journal could not be read.",
}


def reviews_agent(reviews: Sequence[Review]) -> str:
    """One document for one file, and a list of them for several."""
    documents = [agent_document(review) for review in reviews]
    return json.dumps(documents[0] if len(documents) == 1 else documents, indent=2, ensure_ascii=False)


def agent_document(review: Review) -> dict[str, Any]:
    """The document of one journal."""
    document = review.document
    weighty = [finding for finding in review.findings if finding.severity != "note"]
    outcome = _outcome(document, weighty)
    doubts = [f for f in weighty if f.severity == "warning" or f.code not in _DEVIATES]
    conclusive = outcome in ("passed", "deviated") and not doubts
    return {
        "schema": SCHEMA,
        "command": "review",
        "outcome": outcome,
        "conclusive": conclusive,
        "verdict": _SENTENCES.get(outcome) or _sentence(outcome, weighty),
        "exit_code": EXIT_CODES[review.verdict],
        "source": str(review.file),
        "journal_path": str(Path(review.file).absolute()),
        "events_path": None,
        **(_facts(document) if document else dict.fromkeys(_FACTS)),
        "interrupted_by": None,
        "warnings": [
            {
                "code": f.code,
                "message": f.message,
                "severity": f.severity,
                "next_step": f.next_step,
                "pointer": f.pointer,
            }
            for f in review.findings
        ],
        "error": None if document else {"stage": "load", "type": "unreadable", "message": weighty[0].message},
    }


_FACTS = ("experiment", "journal", "steady_state", "method", "rollbacks")


def _outcome(document: Document | None, weighty: Sequence[Finding]) -> str:
    if document is None:
        return "error"
    if document.status in ("interrupted", "aborted"):
        return document.status
    errors = {finding.code for finding in weighty if finding.severity == "error"}
    if "baseline-not-met" in errors:
        return "baseline-not-met"
    if errors & _DEVIATES:
        return "deviated"
    if any(finding.code == "probe-failed" for finding in weighty):
        return "probe-error"
    return "passed"


def _sentence(outcome: str, weighty: Sequence[Finding]) -> str:
    if weighty:
        message = weighty[0].message
        return f"{message[:1].upper()}{message[1:]}."
    return "The steady state held." if outcome == "passed" else "The steady state did not hold."


def _facts(document: Document) -> dict[str, Any]:
    return {
        "experiment": {"title": document.title, "dry": document.experiment.get("dry")},
        "journal": {
            "status": document.status,
            "deviated": document.deviated,
            "start": document.start,
            "end": document.end,
            "duration": document.duration_s,
        },
        "steady_state": {
            "before": _state(document, "before"),
            "during": _during(document),
            "after": _state(document, "after"),
        },
        "method": {"count": len(document.at_phase("method")), "failed": _failed(document.at_phase("method"))},
        "rollbacks": {
            "declared": len(mappings(document.experiment.get("rollbacks"))),
            "played": len(document.at_phase("rollback")),
            "failed": _failed(document.at_phase("rollback")),
        },
    }


def _state(document: Document, phase: Any) -> dict[str, Any] | None:
    if phase not in document.measured:
        return None
    return {
        "met": document.measured[phase],
        "probes": [dict(_probe(activity)) for activity in document.at_phase(phase)],
    }


def _probe(activity: ReviewedActivity) -> Iterator[tuple[str, Any]]:
    yield "name", activity.name
    yield "status", activity.status
    yield "tolerance_met", activity.tolerance_met
    yield "tolerance", activity.declared.get("tolerance")
    yield "output", activity.output.value
    if activity.raised:
        yield "error", activity.raised


def _during(document: Document) -> dict[str, Any]:
    probes = document.at_phase("during")
    unmet = [probe for probe in probes if probe.tolerance_met is False]
    times = [int(probe.pointer.split("/")[3]) + 1 for probe in probes]
    first = min((int(probe.pointer.split("/")[3]) + 1 for probe in unmet), default=None)
    return {
        "iterations": max(times, default=0),
        "unmet": len({probe.pointer.split("/")[3] for probe in unmet}),
        "first_unmet_iteration": first,
        "unmet_probes": sorted({probe.name for probe in unmet}),
    }


def _failed(activities: Sequence[ReviewedActivity]) -> list[dict[str, Any]]:
    return [{"name": a.name, "error": a.raised} for a in activities if a.status == "failed"]
