"""A fault that was over before anybody looked: the hypothesis after it was asked of a whole system."""

from collections.abc import Iterator

from chaosproof.review.documents import Document
from chaosproof.review.facts.action_words import duration_asked_s, is_undo
from chaosproof.review.facts.activity import ReviewedActivity
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule


def _examine(document: Document) -> Iterator[Finding]:
    method = document.at_phase("method")
    after = [a.began_at for a in document.at_phase("after") if a.began_at is not None]
    if not after or document.at_phase("during"):
        return
    for position, action in enumerate(method):
        if not action.is_action or action.status != "succeeded" or is_undo(action.declared):
            continue
        later = method[position + 1 :]
        undone_by = next((a for a in later if a.is_action and is_undo(a.declared)), None)
        until = undone_by.began_at if undone_by else _ended_by_itself(action, min(after))
        if until is None or _looked(method, action, until):
            continue
        how = (
            f"undone by {undone_by.name!r}"
            if undone_by
            else f"over after its {duration_asked_s(action.declared):g} s"
        )
        yield Finding(
            code="undone-before-check",
            severity="warning",
            message=f"the fault {action.name!r} was {how} before anything was measured: the hypothesis was asked of "
            "a system that had no fault any more",
            pointer=action.pointer,
            next_step="measure while it is on: a probe with a tolerance between the two, or --hypothesis-strategy "
            "continuously; keep the hypothesis after it for the recovery",
        )


def _ended_by_itself(action: ReviewedActivity, asked_at: float) -> float | None:
    """When the fault was over by its own duration, if that was before the hypothesis was asked again."""
    lasts_s = duration_asked_s(action.declared)
    if lasts_s is None or action.began_at is None:
        return None
    until = action.began_at + lasts_s
    return until if until < asked_at else None


def _looked(method: tuple[ReviewedActivity, ...], action: ReviewedActivity, until: float) -> bool:
    """Whether a probe of the method looked between the action's begin and `until`."""
    began_at = action.began_at
    if began_at is None:
        return True
    return any(
        not probe.is_action
        and probe.began_at is not None
        and probe.ended_at is not None
        and probe.ended_at >= began_at
        and probe.began_at <= until
        for probe in method
    )


RULE = Rule(
    codes={"undone-before-check": "The fault was over before the hypothesis, or any probe, was asked."},
    reads="journal",
    examine=_examine,
    needs_no_session=True,
)
