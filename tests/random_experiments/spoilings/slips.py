"""Slips of the pen: words misspelt, keys and entries twice, lists left empty, and words that contradict each other."""

from collections.abc import Mapping
from random import Random
from typing import Any

from tests.random_experiments.spoilings.tools import (
    Spoiling,
    before_end,
    fault_actions,
    first_claim,
    never,
    options,
    put,
    replace_claims,
    set_bound,
)
from tests.random_experiments.vocabulary import (
    Written,
    claims_of,
    extension_of,
)

__all__ = ["SLIPS"]

_SLIP = "what the author meant is not what is written"


def _misspelt(word: str, random: Random) -> str:
    """The word with two letters exchanged, one left out, or one doubled."""
    if len(word) < 2:
        return word + word
    at = random.randrange(len(word) - 1)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return next(w for w in (swapped, word[:at] + word[at + 1 :], word + word[-1]) if w != word)


def _rename(mapping: dict[str, Any], key: str, random: Random) -> bool:
    if key not in mapping:
        return False
    mapping[_misspelt(key, random)] = mapping.pop(key)
    return True


def _bound(claim: dict[str, Any], random: Random) -> bool:
    key = next(key for key in ("at_most", "at_least", "between", "equals") if key in claim)
    return _rename(claim, key, random)


def _denied(written: Written, random: Random) -> bool:
    extension_of(written)["no_fault"] = True
    return bool(fault_actions(written))


def _doubled(key: str, value: str) -> Spoiling:
    """The key stands once more in the extension, above: of two, both formats keep the last."""

    def apply(written: Written, random: Random) -> bool:
        if written.edits or extension_of(written).get("name") != "chaosproof":
            return False
        if key not in extension_of(written):
            return False
        if written.suffix == ".json":
            old, new = '"name": "chaosproof",', f'"name": "chaosproof", "{key}": {value},'
        else:
            old, new = "- name: chaosproof\n", f"- name: chaosproof\n  {key}: {value}\n"
        if old not in written.text():
            return False
        written.edits.append(lambda text: text.replace(old, new))
        return True

    return apply


def _pop(*path: Any) -> Spoiling:
    def apply(written: Written, random: Random) -> bool:
        value: Any = written.content
        for key in path[:-1]:
            value = value[key]
        if path[-1] not in value:
            return False
        value.pop(path[-1])
        return True

    return apply


def _empty(*path: Any) -> Spoiling:
    def apply(written: Written, random: Random) -> None:
        value: Any = written.content
        for key in path[:-1]:
            value = value[key]
        value[path[-1]] = type(value.get(path[-1], []))()

    return apply


def _spell_provider(key: str) -> Spoiling:
    def apply(written: Written, random: Random) -> bool:
        faults = fault_actions(written)
        return bool(faults) and put(faults[0]["provider"], key, _misspelt(faults[0]["provider"][key], random))

    return apply


def _spell_argument(written: Written, random: Random) -> bool:
    faults = fault_actions(written)
    if not faults:
        return False
    arguments = faults[0]["provider"]["arguments"]
    return _rename(arguments, random.choice(sorted(arguments)), random)


def _same_name(written: Written, random: Random) -> None:
    for call in written.method:
        call["name"] = written.method[0]["name"]
    if isinstance(extension_of(written).get("no_fault"), list):
        extension_of(written)["no_fault"] = [written.method[0]["name"]]


def _hidden_by_default(written: Written, random: Random) -> None:
    replace_claims({"figure": "load.codes.UNAVALABLE", "default": 0, "at_most": 3})(written, random)
    extension_of(written).pop("codes", None)


def _contradicting(written: Written, random: Random) -> None:
    claims_of(written)[:] = [
        {"id": "S1", "claim": "hardly any", "figure": "load.error_ratio", "at_most": 0.2},
        {"id": "S2", "claim": "a lot", "figure": "load.error_ratio", "at_least": 0.3},
    ]


def _only_mode(mode: str) -> Spoiling:
    def apply(written: Written, random: Random) -> None:
        extension_of(written).pop("compare", None)
        for claim in claims_of(written):
            claim["modes"] = [mode]

    return apply


SLIPS: Mapping[str, Spoiling] = {
    "misspelt: checks": never(lambda w, r: _rename(extension_of(w), "checks", r), _SLIP),
    "misspelt: a bound": never(first_claim(_bound), _SLIP),
    "misspelt: figure": never(first_claim(lambda c, r: _rename(c, "figure", r)), _SLIP),
    "misspelt: id of a claim": never(first_claim(lambda c, r: _rename(c, "id", r)), _SLIP),
    "misspelt: a figure's name": replace_claims({"figure": "load.eror_ratio", "at_most": 0.2}),
    "misspelt: a code, hidden by default": _hidden_by_default,
    "misspelt: a variable of a bound": replace_claims(
        {"figure": "load.error_ratio", "at_most": "${tolerted}"}
    ),
    "misspelt: a variable of a figure": replace_claims(
        {"figure": "per_instance.${who}.errors", "at_most": 9}
    ),
    "misspelt: the module of the control": never(
        lambda w, r: (
            put(w.content["controls"][0]["provider"], "module", _misspelt("chaosproof.controls.session", r))
            if w.content.get("controls")
            else False
        ),
        _SLIP,
    ),
    "misspelt: controls": never(lambda w, r: _rename(w.content, "controls", r), _SLIP),
    "misspelt: extensions": never(lambda w, r: _rename(w.content, "extensions", r), _SLIP),
    "misspelt: the extension's name": never(lambda w, r: put(extension_of(w), "name", "chaosprof"), _SLIP),
    "misspelt: the hypothesis": lambda w, r: _rename(w.content, "steady-state-hypothesis", r),
    "misspelt: method": never(lambda w, r: _rename(w.content, "method", r), _SLIP),
    "misspelt: module of the fault": never(_spell_provider("module"), _SLIP),
    "misspelt: function of the fault": never(_spell_provider("func"), _SLIP),
    "misspelt: argument of the fault": never(_spell_argument, _SLIP),
    "misspelt: no_fault": never(lambda w, r: _rename(extension_of(w), "no_fault", r), _SLIP),
    "misspelt: a mode of a claim": never(first_claim(lambda c, r: put(c, "modes", ["resilent"])), _SLIP),
    "misspelt: the mode on the command line": options("--var", "mode=resilent"),
    "misspelt: tolerance": never(lambda w, r: _rename(w.probes[0], "tolerance", r), _SLIP),
    "doubled: the key checks": never(_doubled("checks", "[]"), _SLIP),
    "doubled: the key experiment": never(_doubled("experiment", "other"), _SLIP),
    "doubled: the id of a claim": never(
        lambda w, r: claims_of(w).append(dict(claims_of(w)[0])) if claims_of(w) else False, _SLIP
    ),
    "doubled: the control": never(
        lambda w, r: (
            w.content["controls"].append(dict(w.content["controls"][0]))
            if w.content.get("controls")
            else False
        ),
        _SLIP,
    ),
    "doubled: the extension": never(
        lambda w, r: w.content["extensions"].append(dict(extension_of(w))), _SLIP
    ),
    "doubled: names of activities": _same_name,
    "doubled: the load": before_end(lambda w: dict(w.method[0], name="more users come")),
    "empty: checks": _empty("extensions", 0, "checks"),
    "empty: probes": _empty("steady-state-hypothesis", "probes"),
    "empty: method": _empty("method"),
    "empty: extensions": never(_empty("extensions"), "nothing is claimed"),
    "empty: controls": never(_empty("controls"), "nobody judges"),
    "empty: artifacts": _empty("extensions", 0, "artifacts"),
    "empty: modes of a claim": never(first_claim(lambda c, r: put(c, "modes", [])), _SLIP),
    "empty: a claim's sentence": never(first_claim(lambda c, r: put(c, "claim", "")), _SLIP),
    "empty: no hypothesis": _pop("steady-state-hypothesis"),
    "empty: no checks": _pop("extensions", 0, "checks"),
    "contradicting: between upside down": never(first_claim(set_bound("between", [0.9, 0.1])), _SLIP),
    "contradicting: two bounds": never(first_claim(lambda c, r: c.update(at_least=0, at_most=1)), _SLIP),
    "contradicting: two claims": _contradicting,
    "contradicting: no_fault and a fault": _denied,
    "contradicting: a mode that claims none": _only_mode("baseline"),
    "contradicting: a mode that the experiment has not": lambda w, r: (
        _only_mode("baseline")(w, r),
        put(extension_of(w), "modes", ["resilient"]),
    ),
}
