"""Whether the journal shows what the experiment says proves that an action acted."""

from collections.abc import Iterator

from chaosproof.experiment.evidence import NOT_EMPTY, Evidence, why_no_proof
from chaosproof.json_access import at, numeral
from chaosproof.review.documents import Document
from chaosproof.review.facts.activity import ReviewedActivity
from chaosproof.review.facts.tolerance import within

__all__ = ["NOT_SHOWN_STEP", "not_shown", "why_not_shown"]

NOT_SHOWN_STEP = "see why the action had no effect, or whether its proof asks for the right thing"
"""What to do about evidence that the journal does not show."""

_DRY_ACTIONS = ("actions", "activities")


def not_shown(evidence: Evidence, why: str) -> str:
    """The sentence about evidence of which `why_not_shown` says what is missing."""
    return f"what shall prove {evidence.activity!r}, that {evidence.sentence}, {why}"


def why_not_shown(document: Document, evidence: Evidence) -> str:
    """What is missing, as a predicate of the evidence; empty where the journal shows it.

    Of several activities of one name each has to show it.
    """
    ran = document.at_phase("method")
    actions = [activity for activity in ran if activity.is_action and activity.name == evidence.activity]
    if why := why_no_proof(document.experiment, evidence):
        return f"proves nothing: {why}"
    if not actions:
        return "is of an action that did not run"
    return next(filter(None, (_why_not(document, action, evidence, ran) for action in actions)), "")


def _why_not(
    document: Document, action: ReviewedActivity, evidence: Evidence, ran: tuple[ReviewedActivity, ...]
) -> str:
    is_dry = at(document.experiment, "dry") in _DRY_ACTIONS
    if action.status != "succeeded" or action.was_dry or is_dry:
        return "is of an action that did not succeed"
    if evidence.probe:
        return next(_missing_of_probe(action, evidence.probe, ran), "") or _met_by_baseline(
            document, evidence.probe
        )
    if evidence.word == NOT_EMPTY:
        # an error has a text, too
        if action.effect.wrong:
            return f"was not seen: {_outcome(action)}"
        return f"was not seen: the action returned {action.output.value}" if action.output.is_nothing else ""
    return "" if _is_within(action) else f"was not seen: {_outcome(action)}"


def _missing_of_probe(
    action: ReviewedActivity, name: str, ran: tuple[ReviewedActivity, ...]
) -> Iterator[str]:
    probes = [activity for activity in ran if not activity.is_action and activity.name == name]
    before = [probe for probe in probes if _is_before(probe, action)]
    after = [probe for probe in probes if _is_after(probe, action)]
    if not after:
        yield "was not asked for behind the action"
    if any(map(_is_within, before)):
        yield "was there before the action already"
    yield from (f"was not seen: {_outcome(probe)}" for probe in after if not _is_within(probe))


def _met_by_baseline(document: Document, name: str) -> str:
    """Whether the hypothesis measured the same before the method, and it was within this probe's tolerance there."""
    probes = [each for each in document.at_phase("method") if not each.is_action and each.name == name]
    for measured in document.at_phase("before"):
        value = numeral(measured.output.value) if measured.output.is_figure else None
        same = [probe.declared.get("tolerance") for probe in probes if probe.provider == measured.provider]
        if value is not None and any(within(tolerance, value, document.variables) for tolerance in same):
            return f"was there before the action already: the hypothesis measured {value:g} before the method"
    return ""


def _is_before(probe: ReviewedActivity, action: ReviewedActivity) -> bool:
    """Whether it ended before the action began."""
    return probe.ended_at is not None and action.began_at is not None and probe.ended_at <= action.began_at


def _is_after(probe: ReviewedActivity, action: ReviewedActivity) -> bool:
    """Whether it began after the action did; what was already being asked then, or who knows when, proves nothing."""
    if probe.began_at is None or action.began_at is None:
        return False
    return probe.began_at >= action.began_at and not _is_before(probe, action)


def _is_within(activity: ReviewedActivity) -> bool:
    """Whether it returned something that its own tolerance allows."""
    held = activity.effect
    has_one = activity.declared.get("tolerance") is not None
    return has_one and activity.status == "succeeded" and not (held.wrong or held.unknown)


def _outcome(activity: ReviewedActivity) -> str:
    if activity.status != "succeeded":
        return f"{activity.name!r} had no answer"
    return f"{activity.name!r} {activity.effect.wrong or 'has no tolerance that the journal alone can hold'}"
