"""The claims of an experiment as its author wrote them, under `checks` and `compare` of the extension.

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
from typing import Any

from chaosproof.experiment.extension import extensions_of
from chaosproof.experiment.modes import MODES, variant_mistakes, variants_of
from chaosproof.experiment.schema import known_keys, suggestion
from chaosproof.json_access import mapping, number, sequence, text

__all__ = ["FIGURES", "Claim", "claim_mistakes", "claims_of"]

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

_BOUNDS = ("at_least", "at_most", "between", "equals", "in_order")
_DEFINITIONS = {"checks": "check", "compare": "comparison"}


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


def claim_mistakes(experiment: Mapping[str, Any]) -> list[str]:
    """One sentence for each mistake in the experiment's variants and claims."""
    mistakes = [c.mistake for section in _DEFINITIONS for c in claims_of(experiment, section) if c.mistake]
    return [*variant_mistakes(experiment), *mistakes]


def _claims(experiment: Mapping[str, Any], section: str) -> Iterator[Claim]:
    seen: set[str] = set()
    modes = (*MODES, *(variant.name for variant in variants_of(experiment)))
    for extension in extensions_of(experiment):
        for key in extension:
            # a slip of the pen must not lose claims
            if key not in _DEFINITIONS and difflib.get_close_matches(key, [section, "claims"], cutoff=0.75):
                yield _malformed(f"CLAIM_{key}", f"{key}: did you mean {section}?")
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
    id, sentence = text(item.get("id")), text(item.get("claim"))
    known = known_keys(_DEFINITIONS[section])
    named = f"{where} ({id})" if id else where
    for key in item:
        if key not in known:
            raise _Mistake(f"{named} has an unknown key {key!r}: {suggestion(key, known)}")
    if not id or any(c.isspace() for c in id):
        raise _Mistake(f"{where} needs an id without spaces")
    where = named
    if id.startswith(("SYS_", "CMP_")):
        raise _Mistake(f"{where}: ids that begin with SYS_ or CMP_ are the built-in checks'")
    if not sentence:
        raise _Mistake(f"{where} needs `claim`, a sentence that says what it holds")
    bounds = [key for key in _BOUNDS if key in item]
    if len(bounds) != 1:
        raise _Mistake(f"{where} needs exactly one of {', '.join(sorted(known & {*_BOUNDS}))}")
    bound = bounds[0]
    return Claim(
        id=id,
        claim=sentence,
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
        path = figure.split(".")
        if section == "compare":
            if path[0] not in modes:
                known = " or ".join(f"{mode}." for mode in modes)
                raise _Mistake(f"{where}: the figure {figure} must begin with {known}")
            path = path[1:]
        if not path or path[0] not in FIGURES:
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
    if default != 0:
        raise _Mistake(
            f"{where}: default must be 0, which is how often a code was there that no request had, not {default:g}"
        )
    return default


def _or_equal(item: Mapping[str, Any], bound: str, where: str) -> bool:
    if "or_equal" not in item:
        return False
    if bound != "in_order" or not isinstance(item["or_equal"], bool):
        raise _Mistake(f"{where}: or_equal is true or false, and goes with in_order only")
    return bool(item["or_equal"])
