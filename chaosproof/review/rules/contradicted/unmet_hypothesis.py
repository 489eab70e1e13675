"""The hypothesis that was not met: before the method, during it, after it; and what a probe that raised says of it."""

from collections.abc import Iterator

from chaosproof.review.documents import Document
from chaosproof.review.facts.activity import Phase, ReviewedActivity
from chaosproof.review.facts.by_construction import red_by_construction
from chaosproof.review.facts.outages import is_outage
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule
from chaosproof.wording import short

_CODES = {
    "baseline-not-met": "The hypothesis was not met before the method, which did not run.",
    "during-not-met": "The hypothesis was not met while the method ran.",
    "deviated": "The hypothesis was not met after the method.",
    "service-down": "A probe of the hypothesis found the service refusing, breaking off or silent: an outage.",
    "probe-failed": "A probe of the hypothesis raised for a reason of its own, so it measured nothing.",
    "red-by-construction": "The hypothesis asks for the absence of what the method does, so it can only be unmet.",
}
_WHEN: dict[Phase, tuple[str, str]] = {
    "before": ("baseline-not-met", "before the method, so the method did not run and nothing was tried"),
    "during": ("during-not-met", "while the method ran"),
    "after": ("deviated", "after the method"),
}


def _examine(document: Document) -> Iterator[Finding]:
    for phase, (code, when) in _WHEN.items():
        unmet = next((a for a in document.at_phase(phase) if a.tolerance_met is not True), None)
        if unmet is not None and document.is_dry:
            continue
        if unmet is not None:
            yield _of(document, unmet, code, when)
        elif document.measured.get(phase) is False or (
            phase == "after" and document.deviated and not document.has_session
        ):
            yield Finding(
                code=code,
                severity="error",
                message=f"the hypothesis was not met {when}; the journal does not say which probe missed",
                pointer=f"/steady_states/{phase}",
                next_step="look into the log of the run for the probe that missed",
            )


def _of(document: Document, unmet: ReviewedActivity, code: str, when: str) -> Finding:
    if unmet.status != "succeeded":
        down = is_outage(unmet.raised)
        return Finding(
            code=("service-down" if code != "baseline-not-met" else code) if down else "probe-failed",
            severity="error" if down else "warning",
            message=f"the probe {unmet.name!r} could not be answered {when}: {unmet.raised or 'it did not end'}"
            + (" - the service was down" if down else ""),
            pointer=unmet.pointer,
            next_step="find out why the service did not answer: users had no answer either"
            if down
            else "mend the probe: what it raised says nothing of the system",
        )
    if code == "deviated" and (action := red_by_construction(document, unmet.declared)):
        return Finding(
            code="red-by-construction",
            severity="warning",
            message=f"the probe {unmet.name!r} asks for the absence of what the action {action!r} does, so it can "
            "only be unmet: it says nothing of how the system copes",
            pointer=unmet.pointer,
            next_step="ask for what users have of the service, instead of for the fault itself",
        )
    return Finding(
        code=code,
        severity="error",
        message=f"the probe {unmet.name!r} was outside of its tolerance {short(unmet.declared.get('tolerance'))} "
        f"{when}: {unmet.output.value}",
        pointer=unmet.pointer,
        next_step="mend the system, or the probe where it asks for too much, and run again",
    )


RULE = Rule(codes=_CODES, reads="journal", examine=_examine)
