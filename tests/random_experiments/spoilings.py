"""Ways in which somebody's experiment comes to prove nothing, each applied to a sensible one.

A spoiling returns False where it has nothing to spoil. What its run shows by itself is left to the oracle; a slip of
the pen that no run can show is `never` green, for the author meant something else than is written.
"""

import math
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from tests.random_experiments.vocabulary import (
    Written,
    activity,
    claims_of,
    extension_of,
    process,
    with_nature,
)

__all__ = ["SPOILINGS", "Spoiling"]

Spoiling = Callable[[Written, Random], object]
_FAULTS = ("actions.network", "actions.process")


def _misspelt(word: str, random: Random) -> str:
    """The word with two letters exchanged, one left out, or one doubled."""
    at = random.randrange(len(word) - 1)
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return next(w for w in (swapped, word[:at] + word[at + 1 :], word + word[-1]) if w != word)


def _rename(mapping: dict[str, Any], key: str, random: Random) -> bool:
    if key not in mapping:
        return False
    mapping[_misspelt(key, random)] = mapping.pop(key)
    return True


def _never(spoil: Spoiling, why: str) -> Spoiling:
    def apply(written: Written, random: Random) -> object:
        if spoil(written, random) is False:
            return False
        written.never.append(why)
        return True

    return apply


def _arguments(written: Written, *modules: str) -> list[dict[str, Any]]:
    return [a["provider"].setdefault("arguments", {}) for a in written.calls(*modules)]


def _faults(written: Written) -> list[dict[str, Any]]:
    """The actions that put a fault on."""
    return [a for a in written.calls(*_FAULTS) if "at_s" in a["provider"].get("arguments", {})]


def _on_packets(written: Written) -> list[dict[str, Any]]:
    return [
        a["provider"]["arguments"]
        for a in _faults(written)
        if a["provider"]["module"] == "actions.network" and "port" in a["provider"]["arguments"]
    ]


def _each_fault(change: Callable[[dict[str, Any]], object]) -> Spoiling:
    """On every fault on packets, so that no other one meets somebody."""

    def apply(written: Written, random: Random) -> bool:
        faults = _on_packets(written)
        if not faults or len(faults) != len(_faults(written)):
            return False
        for arguments in faults:
            change(arguments)
        return True

    return apply


def _on_instance(arguments: dict[str, Any], instance: str) -> None:
    arguments["instance"] = instance


def _replace_claims(*claims: Mapping[str, Any]) -> Spoiling:
    def apply(written: Written, random: Random) -> None:
        claims_of(written)[:] = [
            {"id": f"S{n}", "claim": "it holds", **claim} for n, claim in enumerate(claims)
        ]

    return apply


def _first_claim(change: Callable[[dict[str, Any], Random], object]) -> Spoiling:
    return lambda written, random: change(claims_of(written)[0], random) if claims_of(written) else False


def _bound(claim: dict[str, Any], random: Random) -> bool:
    key = next(key for key in ("at_most", "at_least", "between", "equals") if key in claim)
    return _rename(claim, key, random)


def _set_bound(key: str, value: Any) -> Callable[[dict[str, Any], Random], None]:
    def change(claim: dict[str, Any], random: Random) -> None:
        for bound in ("at_most", "at_least", "between", "equals"):
            claim.pop(bound, None)
        claim[key] = value

    return change


def _insert_after_fault(*calls: dict[str, Any]) -> Spoiling:
    def apply(written: Written, random: Random) -> bool:
        faults = _faults(written)
        if not faults:
            return False
        place = written.method.index(faults[-1]) + 1
        written.method[place:place] = [dict(call) for call in calls]
        return True

    return apply


def _before_end(call: Callable[[Written], dict[str, Any]]) -> Spoiling:
    def apply(written: Written, random: Random) -> bool:
        if len(written.method) < 2:
            return False
        written.method.insert(random.randrange(1, len(written.method)), call(written))
        return True

    return apply


def _without_faults(written: Written, random: Random) -> bool:
    faults = _faults(written)
    for call in [*faults, *written.calls(*_FAULTS)]:
        if call in written.method:
            written.method.remove(call)
    return bool(faults)


def _foreign_only(written: Written, random: Random) -> bool:
    if not _without_faults(written, random):
        return False
    extension_of(written).pop("no_fault", None)
    written.method.insert(1, process("pods are killed", "action", "true"))
    return True


def _without_no_fault(written: Written, random: Random) -> bool:
    if extension_of(written).get("no_fault") is not True:
        return _without_faults(written, random) and extension_of(written).pop("no_fault", None) is not True
    extension_of(written).pop("no_fault")
    return True


def _denied(written: Written, random: Random) -> bool:
    extension_of(written)["no_fault"] = True
    return bool(_faults(written))


def _load_elsewhere(written: Written, random: Random) -> None:
    for arguments in _arguments(written, "actions.load"):
        if "url" in arguments:
            arguments["url"] = "http://audit:8080/"
    extension_of(written)["load"]["url"] = "http://audit:8080/"


def _without_load(written: Written, random: Random) -> None:
    for call in written.calls("actions.load"):
        written.method.remove(call)
    extension_of(written).pop("load")
    extension_of(written)["artifacts"].remove("load.json")
    for arguments in _arguments(written, *_FAULTS):
        arguments.pop("at_s", None)


def _one_connection(written: Written, random: Random) -> bool:
    """All requests go to shop-0, and the fault is on shop-1."""
    faults = [a["provider"]["arguments"] for a in _faults(written)]
    if not faults or any("a" in arguments for arguments in faults):
        return False
    for arguments in faults:
        old = arguments["instance"]
        arguments["instance"] = "shop-1"
        for again in written.calls("actions.process"):
            if again["provider"].get("arguments", {}).get("instance") == old:
                again["provider"]["arguments"]["instance"] = "shop-1"
        if "port" in arguments:
            arguments["port"] = 9000 if arguments.get("direction") == "egress" else 8080
            arguments.pop("peer", None)
    written.content["configuration"]["connections"] = 1
    return True


def _tolerances(tolerance: Any, *probes: Mapping[str, Any]) -> Spoiling:
    def apply(written: Written, random: Random) -> None:
        kept = [dict(probe) for probe in probes] or [written.probes[0]]
        written.probes[:] = [probe | {"tolerance": tolerance} for probe in kept]

    return apply


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


def _options(*options: str) -> Spoiling:
    def apply(written: Written, random: Random) -> None:
        written.options += options

    return apply


def _configured(**variables: Any) -> Spoiling:
    return lambda written, random: written.content["configuration"].update(variables)


def _world(**changes: Any) -> Spoiling:
    return lambda written, random: with_nature(written, **changes)


def _mishap(name: str) -> Spoiling:
    def apply(written: Written, random: Random) -> bool:
        asked = written.content["configuration"].get("fault_s", 0)
        on_packets = len(_on_packets(written)) == len(_faults(written)) > 0
        with_nature(written, mishap=name)
        return on_packets and isinstance(asked, int | float) and asked >= 1

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
        faults = _faults(written)
        return bool(faults) and _set(
            faults[0]["provider"], key, _misspelt(faults[0]["provider"][key], random)
        )

    return apply


def _set(mapping: dict[str, Any], key: str, value: Any) -> bool:
    mapping[key] = value
    return True


def _spell_argument(written: Written, random: Random) -> bool:
    faults = _faults(written)
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
    _replace_claims({"figure": "load.codes.UNAVALABLE", "default": 0, "at_most": 3})(written, random)
    extension_of(written).pop("codes", None)


def _late(written: Written, random: Random) -> bool:
    """The fault goes on after the load is over."""
    finish = next((a for a in written.calls("actions.load") if a["provider"]["func"] == "finish"), None)
    faults = _faults(written)
    if finish is None or not faults:
        return False
    written.method.remove(finish)
    written.method.insert(1, finish)
    for fault in faults:
        fault["provider"]["arguments"].pop("at_s")
    return True


def _from_the_start(written: Written, random: Random) -> None:
    written.content["configuration"] |= {"warmup_s": 0, "fault_at_s": 0}


def _method_probe(call: dict[str, Any]) -> Spoiling:
    return _before_end(lambda written: {**call, "provider": dict(call["provider"])})


def _page(written: Written, kind: str, path: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "name": "a page", "provider": {"type": "http", "url": written.url + path}, **more}


def _dry_fault(written: Written, random: Random) -> bool:
    return bool(_faults(written)) and _set(_faults(written)[0], "dry", True)


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


_RATIO = activity("few requests fail", "probe", "probes.load", "error_ratio")
_LATENCY = activity("answers are quick", "probe", "probes.load", "latency_ms", percentile=99)
_HEAL = activity("all is healed", "action", "actions.network", "heal")
_BROKEN = activity("this one breaks", "probe", "tests.tampering.broken", "raises")
_SLIP = "what the author meant is not what is written"

SPOILINGS: Mapping[str, Spoiling] = {
    # misspelt
    "misspelt: checks": _never(lambda w, r: _rename(extension_of(w), "checks", r), _SLIP),
    "misspelt: a bound": _never(_first_claim(_bound), _SLIP),
    "misspelt: figure": _never(_first_claim(lambda c, r: _rename(c, "figure", r)), _SLIP),
    "misspelt: id of a claim": _never(_first_claim(lambda c, r: _rename(c, "id", r)), _SLIP),
    "misspelt: a figure's name": _replace_claims({"figure": "load.eror_ratio", "at_most": 0.2}),
    "misspelt: a code, hidden by default": _never(_hidden_by_default, _SLIP),
    "misspelt: a variable of a bound": _replace_claims(
        {"figure": "load.error_ratio", "at_most": "${tolerted}"}
    ),
    "misspelt: a variable of a figure": _replace_claims(
        {"figure": "per_instance.${who}.errors", "at_most": 9}
    ),
    "misspelt: the module of the control": _never(
        lambda w, r: (
            _set(w.content["controls"][0]["provider"], "module", _misspelt("controls.session", r))
            if w.content.get("controls")
            else False
        ),
        _SLIP,
    ),
    "misspelt: controls": _never(lambda w, r: _rename(w.content, "controls", r), _SLIP),
    "misspelt: extensions": _never(lambda w, r: _rename(w.content, "extensions", r), _SLIP),
    "misspelt: the extension's name": _never(lambda w, r: _set(extension_of(w), "name", "chaosprof"), _SLIP),
    "misspelt: the hypothesis": lambda w, r: _rename(w.content, "steady-state-hypothesis", r),
    "misspelt: method": _never(lambda w, r: _rename(w.content, "method", r), _SLIP),
    "misspelt: module of the fault": _never(_spell_provider("module"), _SLIP),
    "misspelt: function of the fault": _never(_spell_provider("func"), _SLIP),
    "misspelt: argument of the fault": _never(_spell_argument, _SLIP),
    "misspelt: no_fault": _never(lambda w, r: _rename(extension_of(w), "no_fault", r), _SLIP),
    "misspelt: a mode of a claim": _never(_first_claim(lambda c, r: _set(c, "modes", ["resilent"])), _SLIP),
    "misspelt: the mode on the command line": _options("--var", "mode=resilent"),
    "misspelt: tolerance": _never(lambda w, r: _rename(w.probes[0], "tolerance", r), _SLIP),
    # doubled
    "doubled: the key checks": _never(_doubled("checks", "[]"), _SLIP),
    "doubled: the key experiment": _never(_doubled("experiment", "other"), _SLIP),
    "doubled: the id of a claim": _never(
        lambda w, r: claims_of(w).append(dict(claims_of(w)[0])) if claims_of(w) else False, _SLIP
    ),
    "doubled: the control": _never(
        lambda w, r: (
            w.content["controls"].append(dict(w.content["controls"][0]))
            if w.content.get("controls")
            else False
        ),
        _SLIP,
    ),
    "doubled: the extension": _never(
        lambda w, r: w.content["extensions"].append(dict(extension_of(w))), _SLIP
    ),
    "doubled: names of activities": _same_name,
    "doubled: the load": _before_end(lambda w: dict(w.method[0], name="more users come")),
    # empty
    "empty: checks": _empty("extensions", 0, "checks"),
    "empty: probes": _empty("steady-state-hypothesis", "probes"),
    "empty: method": _empty("method"),
    "empty: extensions": _never(_empty("extensions"), "nothing is claimed"),
    "empty: controls": _never(_empty("controls"), "nobody judges"),
    "empty: artifacts": _empty("extensions", 0, "artifacts"),
    "empty: modes of a claim": _never(_first_claim(lambda c, r: _set(c, "modes", [])), _SLIP),
    "empty: a claim's sentence": _never(_first_claim(lambda c, r: _set(c, "claim", "")), _SLIP),
    "empty: no hypothesis": _pop("steady-state-hypothesis"),
    "empty: no checks": _pop("extensions", 0, "checks"),
    # contradicting
    "contradicting: between upside down": _never(_first_claim(_set_bound("between", [0.9, 0.1])), _SLIP),
    "contradicting: two bounds": _never(_first_claim(lambda c, r: c.update(at_least=0, at_most=1)), _SLIP),
    "contradicting: two claims": _contradicting,
    "contradicting: no_fault and a fault": _denied,
    "contradicting: a mode that claims none": _only_mode("baseline"),
    "contradicting: a mode that the experiment has not": lambda w, r: (
        _only_mode("baseline")(w, r),
        _set(extension_of(w), "modes", ["resilient"]),
    ),
    # what nothing can miss
    "cannot miss: a ratio at most 1": _replace_claims({"figure": "load.error_ratio", "at_most": 1}),
    "cannot miss: a ratio between -1 and 2": _replace_claims(
        {"figure": "load.error_ratio", "between": [-1, 2]}
    ),
    "cannot miss: a latency at least 0": _replace_claims({"figure": "load.p99_ms", "at_least": 0}),
    "cannot miss: errors at most 100,000": _replace_claims({"figure": "load.errors", "at_most": 100_000}),
    "cannot miss: a code at least 0 times": _replace_claims(
        {"figure": "load.codes.UNAVAILABLE", "default": 0, "at_least": 0}
    ),
    "cannot miss: a window's ratio at most 1": _replace_claims(
        {"figure": "windows.after.error_ratio", "at_most": 1}
    ),
    "cannot miss: a setting": _replace_claims({"figure": "variables.rate_rps", "at_most": 1000}),
    "cannot miss: the planned rate": _replace_claims({"figure": "load.planned_rate_rps", "at_least": 5}),
    "cannot miss: a variable as bound": _replace_claims(
        {"figure": "load.error_ratio", "at_most": "${rate_rps}"}
    ),
    "cannot miss: loosened on the command line": lambda w, r: (
        _replace_claims({"figure": "load.error_ratio", "at_most": "${tolerated}"})(w, r),
        _options("--var", "tolerated=1")(w, r),
    ),
    "cannot miss: infinite": _first_claim(_set_bound("at_most", math.inf)),
    "cannot miss: not a number": _first_claim(_set_bound("at_most", math.nan)),
    "cannot miss: a tolerance of 0 to 1": _tolerances([0, 1], _RATIO),
    "cannot miss: a tolerance without end": _tolerances(
        {"type": "range", "range": [-math.inf, math.inf]}, _LATENCY
    ),
    "cannot miss: a regex for anything": lambda w, r: _tolerances(
        {"type": "regex", "target": "body", "pattern": ".*"}, _page(w, "probe", "/ok")
    )(w, r),
    "cannot miss: a jsonpath without expect": lambda w, r: _tolerances(
        {"type": "jsonpath", "path": "$.status"}, _page(w, "probe", "/ok")
    )(w, r),
    # the fault
    "fault: of no duration": _never(_each_fault(lambda a: a.update(duration_s=0)), "there is no fault"),
    "fault: of a negative duration": _never(
        _each_fault(lambda a: a.update(duration_s=-2)), "there is no fault"
    ),
    "fault: ended from outside": _mishap("short"),
    "fault: outlives its deadline": _mishap("long"),
    "fault: matches nothing": _mishap("blind"),
    "fault: healed at once": _insert_after_fault(_HEAL),
    "fault: resumed at once": _insert_after_fault(
        *(
            activity("it goes on", "action", "actions.process", "resume", instance=i)
            for i in ("shop-0", "shop-1", "stock-0")
        )
    ),
    "fault: dry": _dry_fault,
    "fault: left out": _without_no_fault,
    "fault: somebody else's": _foreign_only,
    "fault: longer than the load": _configured(fault_s=30),
    # nobody met
    "nobody: a port that nobody uses": _each_fault(lambda a: a.update(port=7777)),
    "nobody: a peer that is not called": _each_fault(lambda a: a.update(peer="audit")),
    "nobody: UDP": _each_fault(lambda a: a.update(protocol="udp")),
    "nobody: the other direction": _each_fault(
        lambda a: a.update(direction={"egress": "ingress", "ingress": "egress"}[a.get("direction", "egress")])
    ),
    "nobody: an instance that nobody calls": _each_fault(
        lambda a: (a.pop("peer", None), a.update(instance="audit-0"))
    ),
    "nobody: health checks alone": _each_fault(
        lambda a: (a.pop("peer", None), a.update(instance="audit-0", port=8080, direction="ingress"))
    ),
    "nobody: a load on another service": _load_elsewhere,
    "nobody: one connection, to the other": _one_connection,
    "nobody: no load": _without_load,
    "nobody: after the load": _late,
    "nobody: from the first request on": _from_the_start,
    # activities
    "activity: a process that fails": _before_end(lambda w: process("it fails", "probe", "false")),
    "activity: HTTP status 500": _before_end(lambda w: _page(w, "probe", "/broken")),
    "activity: one that raises": _method_probe(_BROKEN),
    "activity: outside of its tolerance": _before_end(
        lambda w: {**_LATENCY, "name": "too slow", "tolerance": [500, 900]}
    ),
    "activity: a jsonpath that finds nothing": _before_end(
        lambda w: _page(
            w, "probe", "/ok", tolerance={"type": "jsonpath", "path": "$.nothing", "target": "body"}
        )
    ),
    "activity: the load is stopped": _before_end(
        lambda w: activity("enough", "action", "actions.load", "stop")
    ),
    "activity: a rollback that fails": lambda w, r: w.content["rollbacks"].append(
        process("it is not put back", "action", "false")
    ),
    "activity: a rollback that raises": lambda w, r: w.content["rollbacks"].append(
        activity("this one breaks", "action", "tests.tampering.broken", "raises")
    ),
    "activity: everything dry": _options("--dry", "activities"),
    "activity: actions dry": _options("--dry", "actions"),
    # the hypothesis
    "steady: not before": _tolerances([0.5, 1], _RATIO),
    "steady: not after": _world(lasting_harm=True, fragility=1.0),
    "steady: a probe that raises": lambda w, r: w.probes.append({**_BROKEN, "tolerance": 1}),
    "steady: before alone": lambda w, r: w.content.setdefault("runtime", {}).update(
        hypothesis={"strategy": "before-method-only"}
    ),
    "steady: after alone": _options("--hypothesis-strategy", "after-method-only"),
    # the system and the load
    "world: the load falls short": _world(sends=0.7),
    "world: an instance crashes": _world(crash_s=0.5),
    "settings: not a number": _options("--var", "duration_s=nan"),
    "settings: no duration": _configured(duration_s=0),
    "settings: no rate": _configured(rate_rps=0),
}
