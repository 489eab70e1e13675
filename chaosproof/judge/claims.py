"""Each claim of an experiment held against the figures of a run: pass, fail, or unknown where a figure is not there."""

import difflib
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from chaosproof.experiment.cannot_miss import Most, cannot_be_missed
from chaosproof.experiment.claims import FIGURES, Claim
from chaosproof.experiment.codes import code_of, is_vouched_for
from chaosproof.experiment.variables import resolve
from chaosproof.json_access import at, mapping, number
from chaosproof.judge.check import failed, guarded, passed, unknown
from chaosproof.judge.next_steps import MARK
from chaosproof.runfolder.checks import Check, Status

__all__ = ["CLAIMS_PLACE", "CLAIM_STEPS", "bound_of", "codes_had", "judge_claims", "lookup"]

CLAIM_STEPS: Mapping[Status, str] = {
    "pass": "",
    "fail": "see in report.html when it broke, and mend the system, or the claim in {file}; then: {again}",
    "unknown": "name a figure that summary.json of this run has, in the claim in {file}; then: {again}",
}
"""What to do about a claim that does not pass (`chaosproof.judge.next_steps`)."""

CLAIMS_PLACE = "journal.json#experiment.extensions"
"""Where a claim stands in a run folder."""


def judge_claims(
    claims: Sequence[Claim],
    figures: Mapping[str, Any],
    variables: Mapping[str, Any],
    codes: frozenset[str] = frozenset(),
    run_ms: float | None = None,
) -> tuple[Check, ...]:
    """One Check for each claim. `figures` is what the paths lead through: one run's, or those of both by
    mode; `codes` are those that are known though no request had them (`vouched_codes`); `run_ms` is how long the run
    lasted.
    """
    return tuple(
        guarded(c.id, CLAIMS_PLACE, partial(_judged, c, figures, variables, codes, run_ms)) for c in claims
    )


def codes_had(figures: Mapping[str, Any]) -> frozenset[str]:
    """The codes that requests had: of one run's figures, or of the figures of several by mode."""
    runs = [figures] if "load" in figures else figures.values()
    return frozenset(code for run in runs for code in mapping(at(run, "load", "codes")))


def bound_of(claim: Claim, variables: Mapping[str, Any]) -> tuple[float, ...]:
    """What the claim bounds its figure by, as numbers: one, or two for `between`.

    Raises KeyError with the name of a variable that the session does not know, ValueError for no number.
    """
    bound = _resolved(claim.value, variables)
    return tuple(_as_number(end) for end in (bound if isinstance(bound, tuple) else (bound,)))


def lookup(figures: Any, path: str, default: Any = None) -> Any:
    """The value that `path` (`per_instance.shop-0.codes.UNAVAILABLE`) leads to; `default`, where one is given, for a
    code that no request had.

    A name may hold dots itself, and a list is entered by position. Raises KeyError with the word that leads
    nowhere.
    """
    try:
        return _lookup(figures, path.split("."))
    except KeyError:
        if default is None or not _is_missing_code(figures, path):
            raise
        return default


def _lookup(value: Any, path: list[str]) -> Any:
    if not path:
        return value
    if isinstance(value, Mapping):
        for length in range(1, len(path) + 1):
            name = ".".join(path[:length])
            if name in value:
                return _lookup(value[name], path[length:])
    elif isinstance(value, Sequence) and not isinstance(value, str) and _is_position(path[0], value):
        return _lookup(value[int(path[0])], path[1:])
    raise KeyError(path[0])


def _is_position(word: str, values: Sequence[Any]) -> bool:
    return word.isdecimal() and len(word) < 10 and int(word) < len(values)


def _judged(
    claim: Claim,
    figures: Mapping[str, Any],
    variables: Mapping[str, Any],
    codes: frozenset[str],
    run_ms: float | None,
) -> Check:
    if claim.mistake:
        return failed(claim.id, f"the claim is malformed: {claim.mistake}", CLAIMS_PLACE)
    if empty := cannot_be_missed(claim, variables, Most(_requests(claim, figures), run_ms)):
        return unknown(claim.id, f"{claim.claim}: {empty.why}{MARK}{empty.instead}", CLAIMS_PLACE)
    try:
        paths = [str(resolve(figure, variables)) for figure in claim.figures]
        bound = _resolved(claim.value, variables)
    except KeyError as error:
        return unknown(claim.id, f"{claim.claim}: the session has no variable {error.args[0]}", CLAIMS_PLACE)
    evidence = _evidence(paths[0])
    values = []
    for path in paths:
        try:
            value = lookup(figures, path, claim.default)
        except KeyError as error:
            return unknown(claim.id, f"{claim.claim}: there is no {error.args[0]} in {path}", evidence)
        if value is None:
            return unknown(claim.id, f"{claim.claim}: {path} is not known", evidence)
        values.append(value)
    if claim.bound == "equals":
        holds, wanted = _equal(values[0], bound), f"equals {bound}"
    else:
        numbers = [number(value) for value in values]
        for path, value, finite in zip(paths, values, numbers, strict=True):
            if finite is None:
                return unknown(claim.id, f"{claim.claim}: {path} is {value!r}, which is no number", evidence)
        try:
            holds, wanted = _holds(claim, [n for n in numbers if n is not None], bound)
        except ValueError as error:
            return unknown(claim.id, f"{claim.claim}: {error}", CLAIMS_PLACE)
    shown = ", ".join(f"{path} = {_shown(value)}" for path, value in zip(paths, values, strict=True))
    details = f"{claim.claim}: {shown} ({wanted})"
    if holds and claim.default is not None and (why := _never_was(paths[0], figures, codes)):
        return unknown(claim.id, f"{claim.claim}: {why}", evidence)
    return passed(claim.id, details, evidence) if holds else failed(claim.id, details, evidence)


def _evidence(path: str) -> str:
    file = FIGURES.get(path.partition(".")[0], "compare.json")
    return f"{file}#{path}"


def _resolved(value: Any, variables: Mapping[str, Any]) -> Any:
    if isinstance(value, tuple):
        return tuple(resolve(end, variables) for end in value)
    return resolve(value, variables)


def _holds(claim: Claim, values: list[float], bound: Any) -> tuple[bool, str]:
    match claim.bound:
        case "at_least":
            return values[0] >= _as_number(bound), f"at least {bound}"
        case "at_most":
            return values[0] <= _as_number(bound), f"at most {bound}"
        case "between":
            low, high = (_as_number(end) for end in bound)
            return low <= values[0] <= high, f"between {bound[0]} and {bound[1]}"
        case _:
            pairs = list(pairwise(values))
            if claim.or_equal:
                return all(a <= b for a, b in pairs), "in ascending order, or equal"
            return all(a < b for a, b in pairs), "in ascending order"


def _as_number(bound: Any) -> float:
    """A bound as a number; a variable given on the command line arrives as text."""
    try:
        value = number(float(bound) if isinstance(bound, str) else bound)
    except ValueError:
        value = None
    if value is None:
        raise ValueError(f"the bound {bound!r} is no number")
    return value


def _equal(value: Any, bound: Any) -> bool:
    if isinstance(value, bool) or isinstance(bound, bool):
        return value is bound
    return bool(value == bound)


def _is_missing_code(figures: Mapping[str, Any], path: str) -> bool:
    """Whether there were requests, and the last word of `path` is a code that none of them had."""
    parent, _, code = path.rpartition(".codes.")
    try:
        load = mapping(lookup(figures, parent)) if parent and code else {}
    except KeyError:
        return False
    return isinstance(load.get("codes"), Mapping) and bool(number(load.get("requests")))


def _never_was(path: str, figures: Mapping[str, Any], codes: frozenset[str]) -> str:
    """Why a claim holds only by its default: its code may be misspelt, for no request had it anywhere."""
    code, had = code_of(path), codes_had(figures)
    if not code or code in had or is_vouched_for(code, codes):
        return ""
    near = difflib.get_close_matches(code, [*had, *codes], n=1)
    meant = f"write {near[0]}, if that was meant; if not," if near else "if a request can end with it,"
    return (
        f"no request had the code {code}, so its default proves nothing"
        f"{MARK}{meant} name it in the extension's `codes`"
    )


def _requests(claim: Claim, figures: Mapping[str, Any]) -> float | None:
    """How many requests there were of those that the claim is about: in its window, or in all of the load."""
    path = claim.figures[0].split(".") if claim.figures else [""]
    if "load" not in figures:  # those of several runs, by mode
        figures, path = mapping(figures.get(path[0])), path[1:]
    if path[0] == "windows":
        return number(at(figures, *path[:2], "requests"))
    return number(at(figures, "load", "requests"))


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
