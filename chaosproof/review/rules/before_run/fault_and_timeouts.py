"""Faults that are shorter than the timeouts of those who would meet them: nobody times out, all is merely late."""

from collections.abc import Iterator, Mapping
from typing import Any

from chaosproof.json_access import at, number, sequence, text
from chaosproof.review.documents import Document
from chaosproof.review.facts.action_words import duration_asked_s
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule


def _examine(document: Document) -> Iterator[Finding]:
    timeouts = [(text(p.get("name")), limit) for p in document.hypothesis_probes if (limit := _timeout_s(p))]
    if not timeouts:
        return
    name, shortest_s = min(timeouts, key=lambda pair: pair[1])
    for activity in document.method:
        lasts_s = duration_asked_s(activity) if activity.get("type") == "action" else None
        if lasts_s is not None and lasts_s < shortest_s:
            yield Finding(
                code="fault-shorter-than-timeout",
                severity="warning",
                message=f"the fault {text(activity.get('name'))!r} lasts {lasts_s:g} s, and the probe {name!r} waits "
                f"{shortest_s:g} s for its answer: it can outlast the fault, and notice nothing",
                pointer=document.pointer_of(activity),
                next_step="let the fault last several of those timeouts, or give the probe the timeout that users have",
            )


def _timeout_s(probe: Mapping[str, Any]) -> float | None:
    """The timeout of an HTTP probe, in seconds; of a pair (connect, read) the longer."""
    timeout = at(probe, "provider", "timeout")
    parts = [seconds for part in sequence(timeout) or [timeout] if (seconds := number(part)) is not None]
    return max(parts, default=None)


RULE = Rule(
    codes={
        "fault-shorter-than-timeout": "A fault lasts less than the timeout of the probe that should notice it."
    },
    reads="experiment",
    examine=_examine,
)
