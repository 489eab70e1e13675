"""Claims that no run can miss: a bound beyond what its figure can be, or a figure that is a setting.

A claim that cannot be missed proves nothing, so it is refused before a run, and it is `unknown` after one.
"""

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chaosproof.experiment.claims import FIGURES, Claim
from chaosproof.experiment.variables import resolve
from chaosproof.json_access import numeral

__all__ = ["Empty", "Most", "cannot_be_missed", "claims_that_cannot_miss", "is_count"]

# What this project measures itself, none of which can be below zero. The outputs of activities and the samples of
# Prometheus are somebody else's and may be anything.
_MEASURED = frozenset(
    {"fault", "faults", "load", "peak", "per_instance", "recovery", "recovery_s", "windows"}
)
_SETTINGS = frozenset({"planned_rate_rps", "planned_s"})
# what is asked for elsewhere: built-in checks hold the run to it, whatever the system does
_ASKED_FOR = {
    "fault": frozenset({"backend", "id", "instance", "kind"}),
    "faults": frozenset({"backend", "id", "instance", "kind"}),
    "load": frozenset({"duration_s"}),
}
_OF_REQUESTS = ("load", "per_instance", "windows")
_COUNTS = frozenset({"requests", "ok", "errors"})


@dataclass(frozen=True)
class Most:
    """What the figures of a run cannot be above, once that is known: how many `requests` there were of those that the
    claim is about, and for how long the run lasted, which no request can have waited for.
    """

    requests: float | None = None
    run_ms: float | None = None


@dataclass(frozen=True)
class Empty:
    """Why a claim cannot be missed, and what to write `instead`."""

    why: str
    instead: str


def cannot_be_missed(claim: Claim, variables: Mapping[str, Any], most: Most | None = None) -> Empty | None:
    """What makes a claim one that nothing that a system does can miss; None when something can.

    A bound by a variable that is not in `variables` is not looked at.
    """
    if claim.mistake:
        return None
    for figure in claim.figures:
        path = _path(figure, variables)
        if _is_setting(path):
            return Empty(f"{figure} is a setting, which no system can miss", "name a figure that is measured")
    if claim.bound == "in_order":
        same = claim.or_equal and len(set(claim.figures)) == 1
        return (
            Empty(f"in_order compares {claim.figures[0]} with itself", "name two figures") if same else None
        )
    path = _path(claim.figures[0], variables)
    bounds = _bounds(claim, variables)
    if bounds is None or path[0] not in _MEASURED:
        return None
    low, high = bounds
    highest = _highest(path, most or Most())
    below = low is None or low <= 0
    above = high is None or (highest is not None and high >= highest)
    if not (below and above):
        return None
    limits = "below 0" if highest is None else f"below 0 or above {highest:g}"
    stated = " and ".join(f"{end:g}" for end in bounds if end is not None)
    return Empty(
        f"{claim.figures[0]} cannot be {limits}, so {claim.bound} {stated} cannot be missed",
        _advice(low, high, highest),
    )


def claims_that_cannot_miss(claims: Iterable[Claim], variables: Mapping[str, Any]) -> Iterator[str]:
    """One sentence for each."""
    for claim in claims:
        if empty := cannot_be_missed(claim, variables):
            yield f"{claim.id}: {empty.why}: {empty.instead}"


def is_count(path: list[str]) -> bool:
    """Whether the figure counts requests of the load."""
    return path[0] in _OF_REQUESTS and (path[-1] in _COUNTS or "codes" in path[:-1])


def _is_setting(path: list[str]) -> bool:
    if path[0] == "variables" or (path[0] in _MEASURED and path[-1] in _SETTINGS):
        return True
    return len(path) < 4 and path[-1] in _ASKED_FOR.get(path[0], ())


def _highest(path: list[str], most: Most) -> float | None:
    if path[-1] == "error_ratio":
        return 1.0
    if path[-1].endswith("_ms") and path[0] in _OF_REQUESTS:
        return most.run_ms
    return most.requests if is_count(path) else None


def _path(figure: str, variables: Mapping[str, Any]) -> list[str]:
    """The words of a figure, without the mode that a claim of `compare` begins with."""
    with contextlib.suppress(KeyError):
        figure = str(resolve(figure, variables))
    path = figure.split(".")
    return path[1:] if path[0] not in FIGURES else path


def _bounds(claim: Claim, variables: Mapping[str, Any]) -> tuple[float | None, float | None] | None:
    """The lowest and the highest value that holds; None for `equals`, and where a variable is not known."""
    if claim.bound == "equals":
        return None
    try:
        ends = [
            numeral(resolve(end, variables))
            for end in (claim.value if claim.bound == "between" else (claim.value,))
        ]
    except KeyError:
        return None
    if None in ends:
        return None
    match claim.bound:
        case "at_least":
            return ends[0], None
        case "at_most":
            return None, ends[0]
        case _:
            return ends[0], ends[1]


def _advice(low: float | None, high: float | None, most: float | None) -> str:
    if high is None:
        return "raise at_least above 0, or write at_most"
    if low is None:
        return f"lower at_most below {most:g}, or write at_least"
    return "narrow it"
