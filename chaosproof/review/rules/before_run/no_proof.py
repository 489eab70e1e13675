"""No look at the system while the fault is on: nothing will show that the fault bites, or what users have of it."""

from collections.abc import Iterator

from chaosproof.experiment.evidence import evidence_of
from chaosproof.experiment.extension import extensions_of
from chaosproof.json_access import at, text
from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule

_DURING = ("continuously", "continously")
"""The second is how Chaos Toolkit 1.9 spells it; later ones take both."""


def _examine(document: Document) -> Iterator[Finding]:
    strategy = text(at(document.experiment, "runtime", "hypothesis", "strategy"))
    extended = any("checks" in extension for extension in extensions_of(document.experiment))
    if strategy in (*_DURING, "during-method-only") or extended or evidence_of(document.experiment):
        return
    actions = [activity for activity in document.method if activity.get("type") == "action"]
    probes = [activity for activity in document.method if activity.get("type") != "action"]
    if actions and not probes:
        yield Finding(
            code="no-proof",
            severity="warning",
            message="nothing looks at the system while the method is at work: no probe shows that a fault bites, "
            "and no load shows what users have of it",
            pointer="/method",
            next_step="add a probe with a tolerance behind the action, or run with --hypothesis-strategy continuously",
        )


RULE = Rule(
    codes={"no-proof": "No probe looks at the system while the fault is on."},
    reads="experiment",
    examine=_examine,
)
