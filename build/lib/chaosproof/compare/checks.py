"""The checks that every comparison has (`CMP_...`), whatever the experiment claims: of each pair of runs, and of all.

The baseline is the negative control: where it held, or did not run as it should, nothing is proved of the other.
"""

from collections.abc import Sequence

from chaosproof.compare.broken_before import broken_before
from chaosproof.compare.same_settings import modes_differ, same_settings
from chaosproof.compare.variants import ran_amiss
from chaosproof.judge.check import passed, unknown, worst
from chaosproof.judge.judge import Verdict
from chaosproof.judge.next_steps import answer_of
from chaosproof.runfolder.checks import Check, Status

__all__ = ["builtin_claim", "every_pair", "pair_checks", "step_of", "worst_of_pairs"]

_BUILTIN_CLAIMS = {
    "CMP_SAME_SETTINGS": "both runs did the same, but for the mode",
    "CMP_NEGATIVE_CONTROL": "the fault breaks the system that has no protection",
    "CMP_RESILIENT_PASSES": "the system with its protection holds",
    "CMP_MODES_DIFFER": "the modes are two, not one under two names",
    "CMP_EVERY_PAIR": "every pair of runs shows it",
}

_STEPS = {
    "CMP_SAME_SETTINGS": "run both modes with one build and the same variables, then compare them again",
    "CMP_NEGATIVE_CONTROL": (
        "make the fault of {file} stronger or longer until the baseline breaks as claimed, then run both modes again"
    ),
    "CMP_RESILIENT_PASSES": "chaosproof report on the resilient run shows when it broke",
    "CMP_MODES_DIFFER": "give the modes values that differ (values-MODE.yaml), then run both again",
    "CMP_EVERY_PAIR": "look at that pair alone: chaosproof compare BASELINE_RUN RESILIENT_RUN",
}
_VARIANT_STEP = "run the variant again with its own variable and the same settings else, then compare again"
_CLAIM_STEP = (
    "see in report.html where the modes differ, and mend the system, or the claim in {file}; or more --runs"
)


def pair_checks(pair: tuple[Verdict, Verdict]) -> tuple[Check, ...]:
    """The checks of every comparison, of one pair."""
    differ = modes_differ(*pair)
    return (
        same_settings(*pair),
        _negative_control(pair[0]),
        _resilient_passes(pair[1]),
        *([differ] if differ else []),
    )


def worst_of_pairs(builtin: Sequence[Sequence[Check]]) -> list[Check]:
    """One check for each id, of the first pair in which it is at its worst."""
    by_id: dict[str, list[tuple[int, Check]]] = {}
    for number, own in enumerate(builtin, start=1):
        for check in own:
            by_id.setdefault(check.id, []).append((number, check))
    merged: list[Check] = []
    for answers in by_id.values():
        status = worst(check.status for _, check in answers)
        number, check = next(answer for answer in answers if answer[1].status == status)
        which = "" if len(builtin) == 1 else f"pair {number}: " if status != "pass" else "in every pair: "
        merged.append(Check(check.id, status, which + check.details, check.evidence))
    return merged


def every_pair(statuses: Sequence[Status]) -> Check:
    """Whether each pair holds by itself: the worst of their statuses, and which pairs have it."""
    id, evidence = "CMP_EVERY_PAIR", "compare.json#pairs"
    status = worst(statuses)
    if status == "pass":
        return passed(id, f"each of the {len(statuses)} pairs holds by itself", evidence)
    failing = [n for n, of_pair in enumerate(statuses, start=1) if of_pair == status]
    which = f"pair {failing[0]}" if len(failing) == 1 else f"pairs {', '.join(map(str, failing))}"
    return Check(id, status, f"{which} of {len(statuses)}: {status}", evidence)


def step_of(id: str) -> str:
    """What to do when the check with this id does not pass, for `judge.next_steps.filled_in`."""
    return _STEPS.get(id, _VARIANT_STEP if id.startswith("CMP_VARIANT_") else _CLAIM_STEP)


def builtin_claim(id: str) -> str:
    """What the built-in check with this id holds, in words; empty for another."""
    if id.startswith("CMP_VARIANT_"):
        return f"the variant {id.removeprefix('CMP_VARIANT_').lower()} is what it says, and ran as it should"
    return _BUILTIN_CLAIMS.get(id, "")


def _negative_control(baseline: Verdict) -> Check:
    """The baseline ran as it should, and broke for the reason that it is there to show."""
    id, evidence = "CMP_NEGATIVE_CONTROL", "compare.json#baseline.verdict"
    claims = {c.id: c for c in baseline.claims}
    if failing := ran_amiss(baseline):
        return unknown(id, f"the baseline did not run as it should: {failing}", evidence)
    # a claim about the baseline alone says how it breaks: where that is not so, this is another breakage
    otherwise = [
        c
        for c in baseline.checks
        if c.id in claims and claims[c.id].modes == ("baseline",) and c.status != "pass"
    ]
    if otherwise:
        return unknown(id, f"the baseline did not break as believed: {otherwise[0].details}", evidence)
    broken = [
        c for c in baseline.checks if c.status == "fail" and not (c.id in claims and claims[c.id].mistake)
    ]
    if not broken:
        return unknown(
            id,
            f"the baseline holds too (its verdict is {baseline.status}): the fault did not bite, "
            "so nothing is proved of the resilient run",
            evidence,
        )
    by_fault = [c for c in broken if not broken_before(baseline, c)]
    if not by_fault:
        return unknown(
            id,
            f"the baseline was broken before its fault: {answer_of(broken[0])}; mend what breaks it without a fault, "
            "or let the fault come once it is whole (at_s)",
            evidence,
        )
    return passed(id, f"the baseline broke: {answer_of(by_fault[0])}", evidence)


def _resilient_passes(resilient: Verdict) -> Check:
    id, evidence = "CMP_RESILIENT_PASSES", "compare.json#resilient.verdict"
    if resilient.status == "pass":
        return passed(id, f"all {len(resilient.checks)} checks of the resilient run pass", evidence)
    worst_check = next(c for status in ("fail", "unknown") for c in resilient.checks if c.status == status)
    return Check(id, resilient.status, f"{worst_check.id}: {worst_check.details}", evidence)
