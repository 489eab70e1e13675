"""No steady-state hypothesis, one without probes, or one that was not asked where it counts."""

from collections.abc import Iterator

from chaosproof.json_access import mapping
from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule

_CODES = {
    "no-hypothesis": "There is no steady-state hypothesis, so nothing could be refuted.",
    "empty-hypothesis": "The steady-state hypothesis has no probes, so it holds whatever happens.",
    "no-baseline": "The hypothesis was not measured before the method.",
    "hypothesis-not-measured": "The hypothesis was not measured under or after the method.",
}


def _examine(document: Document) -> Iterator[Finding]:
    root = "/experiment" if document.kind == "journal" else ""
    if not document.hypothesis_probes:
        empty = bool(mapping(document.experiment.get("steady-state-hypothesis")))
        yield Finding(
            code="empty-hypothesis" if empty else "no-hypothesis",
            severity="warning",
            message="the steady-state hypothesis has no probes, so it holds whatever happens"
            if empty
            else "the experiment has no steady-state hypothesis: the toolkit cannot end otherwise than completed",
            pointer=f"{root}/steady-state-hypothesis" if empty else root,
            next_step="write the steady-state hypothesis: a probe with a tolerance of what users would notice",
        )
        return
    if document.status in ("interrupted", "aborted"):  # it says so itself
        return
    if document.kind == "experiment" or document.measured.get("before") is False:
        return
    if "before" not in document.measured and document.measured:
        yield Finding(
            code="no-baseline",
            severity="note",
            message="the hypothesis was not measured before the method: what holds after it may have been otherwise",
            pointer="/steady_states",
            next_step="run it with --hypothesis-strategy default or continuously",
        )
    if not {"after", "during"} & document.measured.keys():
        yield Finding(
            code="hypothesis-not-measured",
            severity="warning",
            message="the hypothesis was not measured under the method and not after it",
            pointer="/steady_states",
            next_step="run it with --hypothesis-strategy default or continuously",
        )


RULE = Rule(codes=_CODES, reads="either", examine=_examine)
