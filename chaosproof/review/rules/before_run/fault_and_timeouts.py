"""Faults beside the timeouts of those who would meet them: a fault that is shorter goes unnoticed, and a delay that is
longer is an outage, and no delay."""

from collections.abc import Iterator, Mapping
from typing import Any

from chaosproof.json_access import at, number, sequence, text
from chaosproof.review.documents import Document
from chaosproof.review.facts.action_words import delay_asked_s, duration_asked_s
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule


def _examine(document: Document) -> Iterator[Finding]:
    timeouts = [(text(p.get("name")), limit) for p in document.hypothesis_probes if (limit := _timeout_s(p))]
    if not timeouts:
        return
    name, shortest_s = min(timeouts, key=lambda pair: pair[1])
    for activity in document.method:
        if activity.get("type") != "action":
            continue
        delay_s, lasts_s = delay_asked_s(activity), duration_asked_s(activity)
        if delay_s is not None and delay_s >= shortest_s:
            yield Finding(
                code="delay-beyond-timeout",
                severity="note",
                message=f"{text(activity.get('name'))!r} delays by {delay_s:g} s, and the probe {name!r} gives up "
                f"after {shortest_s:g} s: it meets an outage, and no slowness",
                pointer=document.pointer_of(activity),
                next_step="delay by less than the timeout, if slowness is what the experiment is about",
            )
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
        "fault-shorter-than-timeout": "A fault lasts less than the timeout of the probe that should notice it.",
        "delay-beyond-timeout": "A delay is as long as the timeout of a probe, which meets an outage instead.",
    },
    reads="experiment",
    examine=_examine,
)
