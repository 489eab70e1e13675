"""Whether what is broken in a baseline was broken before its fault: then the fault does not break it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chaosproof.experiment.claims import Claim
from chaosproof.json_access import at, number
from chaosproof.judge.claims import judge_claims
from chaosproof.judge.judge import Verdict
from chaosproof.runfolder.checks import Check

__all__ = ["broken_before"]

_STEADY_AFTER = "SYS_STEADY_STATE_AFTER"
_WHOLE, _BEFORE = ("load.", "per_instance."), ("windows.before.", "windows.before.per_instance.")
# of a part of the run they say the same as of the whole; a count does so for an upper bound only
_SAME_OF_A_PART = ("error_ratio", "_ms")
_COUNTS = (".errors", ".codes.")


def broken_before(baseline: Verdict, check: Check) -> bool:
    """Whether this check, which fails, fails just as well on the requests before the fault alone."""
    windows = baseline.figures.get("windows")
    if not number(at(windows, "before", "requests")):
        return False
    if check.id == _STEADY_AFTER:
        before, *since = (
            number(at(windows, name, "error_ratio")) or 0.0 for name in ("before", "fault", "after")
        )
        return before > 0 and before >= max(since)
    claim = next((claim for claim in baseline.claims if claim.id == check.id), None)
    return claim is not None and _fails_before(claim, baseline.figures, baseline.run.variables)


def _fails_before(claim: Claim, figures: Mapping[str, Any], variables: Mapping[str, Any]) -> bool:
    moved: list[str] = []
    for figure in claim.figures:
        prefix = next((i for i, whole in enumerate(_WHOLE) if figure.startswith(whole)), None)
        counts = claim.bound == "at_most" and any(part in figure for part in _COUNTS)
        if prefix is None or not (figure.endswith(_SAME_OF_A_PART) or counts):
            return False
        moved.append(_BEFORE[prefix] + figure.removeprefix(_WHOLE[prefix]))
    (check,) = judge_claims([replace(claim, figures=tuple(moved))], figures, variables)
    return check.status == "fail"
