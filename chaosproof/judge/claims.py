"""What an experiment itself claims, as data under `extensions: [{"name": "chaosproof", "checks": [],
"compare": []}]`.

A claim has an `id`, says in words what it holds (`claim`), names a `figure` and one bound: `at_least`,
`at_most`, `between` [low, high] (both inclusive) or `equals`. A claim of `compare` names figures of both runs
(`baseline.load.p99_ms`), or of a variant (see `modes`), and may instead state `in_order`: figures that
ascend, strictly unless `or_equal`.
`${name}` in a figure or a bound is a variable of the session. `modes` keeps a claim of `checks` to these
modes; `default` stands for a code that none of the requests had, and only for that.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

from chaosproof.experiment.extension import extensions_of
from chaosproof.experiment.modes import MODES, variant_mistakes, variants_of
from chaosproof.experiment.variables import resolve
from chaosproof.json_access import mapping, number, sequence, text
from chaosproof.judge.check import failed, guarded, passed, unknown
from chaosproof.runfolder.checks import Check

__all__ = ["FIGURES", "MODES", "Claim", "bound_of", "claims_of", "judge_claims", "lookup", "validate_claims"]

FIGURES = {
    "activities": "journal.json",
    "fault": "summary.json",
    "faults": "summary.json",
    "load": "summary.json",
    "peak": "summary.json",
    "per_instance": "summary.json",
    "recovery": "summary.json",
    "recovery_s": "summary.json",
    "series": "series.json",
    "variables": "session.json",
    "windows": "summary.json",
}
"""What the first word of a figure may be, and the file of the run folder that it is read from."""

_CLAIMS_PLACE = "journal.json#experiment.extensions"
_BOUNDS = ("at_least", "at_most", "between", "equals", "in_order")
_KEYS = {
    "checks": {"id", "claim", "figure", "modes", "default", *_BOUNDS} - {"in_order"},
    "compare": {"id", "claim", "figure", "default", "or_equal", *_BOUNDS},
}


@dataclass(frozen=True)
class Claim:
    """A claim that is well formed, or the `mistake` in one that is not. `modes` empty: it holds in every
    mode.
    """

    id: str
    claim: str
    figures: tuple[str, ...]
    bound: str
    value: Any
    modes: tuple[str, ...] = ()
    default: float | None = None
    or_equal: bool = False
    mistake: str = ""

    def applies_to(self, mode: str) -> bool:
        return not self.modes or mode in self.modes


class _Mistake(ValueError):
    """A sentence about a claim that is not well formed."""


def claims_of(experiment: Mapping[str, Any], section: str) -> tuple[Claim, ...]:
    """The claims of `section` (`checks` or `compare`) in order; a malformed one carries its `mistake`. Never
    raises.
    """
    return tuple(_claims(experiment, section))


def validate_claims(experiment: Mapping[str, Any]) -> list[str]:
    """One sentence for each mistake in the experiment's claims; for use before a run, when it is cheap."""
    mistakes = [c.mistake for section in _KEYS for c in claims_of(experiment, section) if c.mistake]
    return [*variant_mistakes(experiment), *mistakes]


def judge_claims(
    claims: Sequence[Claim], figures: Mapping[str, Any], variables: Mapping[str, Any]
) -> tuple[Check, ...]:
    """One Check for each claim. `figures` is what the paths lead through: one run's, or those of both by
    mode.
    """
    return tuple(guarded(c.id, _CLAIMS_PLACE, partial(_judged, c, figures, variables)) for c in claims)


def bound_of(claim: Claim, variables: Mapping[str, Any]) -> tuple[float, ...]:
    """What the claim bounds its figure by, as numbers: one, or two for `between`.

    Raises KeyError with the name of a variable that the session does not know, ValueError for no number.
    """
    bound = _resolved(claim.value, variables)
    return tuple(_as_number(end) for end in (bound if isinstance(bound, tuple) else (bound,)))


def lookup(figures: Any, path: str) -> Any:
    """The value that `path` (`per_instance.app-a-0.codes.UNAVAILABLE`) leads to.

    A name may hold dots itself, and a list is entered by position. Raises KeyError with the word that leads
    nowhere.
    """
    return _lookup(figures, path.split("."))


def _lookup(value: Any, words: list[str]) -> Any:
    if not words:
        return value
    if isinstance(value, Mapping):
        for length in range(1, len(words) + 1):
            name = ".".join(words[:length])
            if name in value:
                return _lookup(value[name], words[length:])
    elif isinstance(value, Sequence) and not isinstance(value, str) and _is_place(words[0], value):
        return _lookup(value[int(words[0])], words[1:])
    raise KeyError(words[0])


def _is_place(word: str, values: Sequence[Any]) -> bool:
    return word.isdecimal() and len(word) < 10 and int(word) < len(values)


def _claims(experiment: Mapping[str, Any], section: str) -> Iterator[Claim]:
    seen: set[str] = set()
    modes = (*MODES, *(variant.name for variant in variants_of(experiment)))
    for extension in extensions_of(experiment):
        for key in extension:
            # other parts keep keys of their own here, but a slip of the pen must not lose claims
            if key not in _KEYS and difflib.get_close_matches(key, [section, "claims"], cutoff=0.75):
                yield _malformed(f"CLAIM_{key}", f"the extension has a key {key!r}: {section} is meant")
        raw = extension.get(section, [])
        if not isinstance(raw, list):
            yield _malformed(
                f"CLAIM_{section}", f"{section} must be a list of claims, not {type(raw).__name__}"
            )
            continue
        for place, item in enumerate(raw):
            where = f"{section}[{place}]"
            id = text(mapping(item).get("id")) or f"CLAIM_{section}_{place}"
            try:
                claim = _claim(item, section, where, modes)
                if claim.id in seen:
                    raise _Mistake(f"{where}: the id {claim.id} is there twice")
                seen.add(claim.id)
                yield claim
            except _Mistake as mistake:
                yield _malformed(id, str(mistake))


def _malformed(id: str, mistake: str) -> Claim:
    return Claim(id, "", (), "", None, mistake=mistake)


def _claim(item: Any, section: str, where: str, modes: Sequence[str]) -> Claim:
    if not isinstance(item, Mapping):
        raise _Mistake(f"{where} must be an object, not {item!r}")
    id, words = text(item.get("id")), text(item.get("claim"))
    if not id or any(c.isspace() for c in id):
        raise _Mistake(f"{where} needs an id without spaces")
    where = f"{where} ({id})"
    if id.startswith(("SYS_", "CMP_")):
        raise _Mistake(f"{where}: ids that begin with SYS_ or CMP_ are the built-in checks'")
    if not words:
        raise _Mistake(f"{where} needs `claim`, a sentence that says what it holds")
    for key in item:
        if key not in _KEYS[section]:
            raise _Mistake(
                f"{where} has an unknown key {key!r}: known are {', '.join(sorted(_KEYS[section]))}"
            )
    bounds = [key for key in _BOUNDS if key in item]
    if len(bounds) != 1:
        raise _Mistake(f"{where} needs exactly one of {', '.join(sorted(_KEYS[section] & set(_BOUNDS)))}")
    bound = bounds[0]
    return Claim(
        id=id,
        claim=words,
        figures=_figures(item, bound, section, where, modes),
        bound=bound,
        value=None if bound == "in_order" else _bound(bound, item[bound], where),
        modes=_modes(item, where),
        default=_default(item, where),
        or_equal=_or_equal(item, bound, where),
    )


def _figures(
    item: Mapping[str, Any], bound: str, section: str, where: str, modes: Sequence[str]
) -> tuple[str, ...]:
    if bound == "in_order":
        if "figure" in item:
            raise _Mistake(f"{where} names its figures in in_order: leave `figure` out")
        named = sequence(item["in_order"])
        if len(named) < 2:
            raise _Mistake(f"{where}: in_order needs at least two figures")
    else:
        named = (item.get("figure"),)
    for figure in named:
        if not isinstance(figure, str) or not figure:
            raise _Mistake(f"{where} needs `figure`, such as load.error_ratio, not {figure!r}")
        words = figure.split(".")
        if section == "compare":
            if words[0] not in modes:
                known = " or ".join(f"{mode}." for mode in modes)
                raise _Mistake(f"{where}: the figure {figure} must begin with {known}")
            words = words[1:]
        if not words or words[0] not in FIGURES:
            raise _Mistake(
                f"{where}: there is no figure {figure}: it must begin with one of {', '.join(FIGURES)}"
            )
    return tuple(named)


def _bound(bound: str, value: Any, where: str) -> Any:
    if bound == "between":
        ends = sequence(value)
        if len(ends) != 2:
            raise _Mistake(f"{where}: between needs [low, high], not {value!r}")
        for end in ends:
            _bound_number(bound, end, where)
        low, high = number(ends[0]), number(ends[1])
        if low is not None and high is not None and low > high:
            raise _Mistake(f"{where}: between [{low:g}, {high:g}] holds for nothing")
        return tuple(ends)
    if bound == "equals":
        if isinstance(value, str | bool) or number(value) is not None:
            return value
        raise _Mistake(f"{where}: equals needs a number, a word or true/false, not {value!r}")
    return _bound_number(bound, value, where)


def _bound_number(bound: str, value: Any, where: str) -> Any:
    if number(value) is None and not (
        isinstance(value, str) and value.startswith("${") and value.endswith("}")
    ):
        raise _Mistake(f"{where}: {bound} needs a number or a ${{variable}}, not {value!r}")
    return value


def _modes(item: Mapping[str, Any], where: str) -> tuple[str, ...]:
    if "modes" not in item:
        return ()
    modes = sequence(item["modes"])
    if not modes or any(mode not in MODES for mode in modes):
        raise _Mistake(f"{where}: modes must be a list of {' and '.join(MODES)}, not {item['modes']!r}")
    return tuple(modes)


def _default(item: Mapping[str, Any], where: str) -> float | None:
    if "default" not in item:
        return None
    default = number(item["default"])
    figure = item.get("figure")
    if default is None:
        raise _Mistake(f"{where}: default must be a number, not {item['default']!r}")
    if not isinstance(figure, str) or ".codes." not in figure:
        raise _Mistake(
            f"{where}: default stands for a code that no request had, so the figure must end in codes.CODE"
        )
    return default


def _or_equal(item: Mapping[str, Any], bound: str, where: str) -> bool:
    if "or_equal" not in item:
        return False
    if bound != "in_order" or not isinstance(item["or_equal"], bool):
        raise _Mistake(f"{where}: or_equal is true or false, and goes with in_order only")
    return bool(item["or_equal"])


def _judged(claim: Claim, figures: Mapping[str, Any], variables: Mapping[str, Any]) -> Check:
    if claim.mistake:
        return failed(claim.id, f"the claim is malformed: {claim.mistake}", _CLAIMS_PLACE)
    try:
        paths = [str(resolve(figure, variables)) for figure in claim.figures]
        bound = _resolved(claim.value, variables)
    except KeyError as error:
        return unknown(claim.id, f"{claim.claim}: the session has no variable {error.args[0]}", _CLAIMS_PLACE)
    evidence = _evidence(paths[0])
    values = []
    for path in paths:
        try:
            value = lookup(figures, path)
        except KeyError as error:
            if claim.default is None or not _is_missing_code(figures, path):
                return unknown(claim.id, f"{claim.claim}: there is no {error.args[0]} in {path}", evidence)
            value = claim.default
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
            return unknown(claim.id, f"{claim.claim}: {error}", _CLAIMS_PLACE)
    shown = ", ".join(f"{path} = {_shown(value)}" for path, value in zip(paths, values, strict=True))
    details = f"{claim.claim}: {shown} ({wanted})"
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


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
