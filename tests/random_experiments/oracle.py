"""Whether a run proved anything, by what really happened in its world: nothing here asks the judge, or its rules.

`shortfalls` names each thing that was to be so and was not; an experiment without any may be green.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.random_experiments.run import Ending
from tests.random_experiments.traffic import Request, Stood
from tests.random_experiments.vocabulary import Written
from tests.random_experiments.world import World

__all__ = ["shortfalls"]

_SLACK_S = 0.6
_FAULTS = ("chaosproof.actions.network", "chaosproof.actions.process")
_BEGIN_FAULTS = frozenset({"kill", "terminate", "restart", "pause", "stress"})
_END_FAULTS = frozenset({"heal", "wait_until_ended"})
# how requests of the made-up system can end
_SETTINGS = frozenset({"fault.kind", "fault.instance", "load.duration_s"})
_CODES = frozenset({"SUCCESS", "UNAVAILABLE", "NOT_SENT", "CONNECT_REFUSED"})


def shortfalls(written: Written, ending: Ending) -> Iterator[str]:
    """A sentence for each reason for which this run must not be green."""
    yield from written.never
    journal, content = ending.journal, written.content
    if journal is None:
        yield "it did not end"
        return
    yield from _claims(content, ending.world, journal)
    yield from _hypothesis(content, journal)
    yield from _activities(content, journal, "method", "run")
    yield from _activities(content, journal, "rollbacks", "rollbacks")
    yield from _load(content, ending.world)
    yield from _faults(content, ending.world)
    for name in ending.world.crashed:
        yield f"{name} crashed"


# --- claims ---


def _claims(content: Mapping[str, Any], world: World, journal: Mapping[str, Any]) -> Iterator[str]:
    extensions = [e for e in content.get("extensions", []) if e.get("name") == "chaosproof"]
    variables = content["configuration"]
    claims = [claim for e in extensions for claim in e.get("checks", [])]
    claims = [c for c in claims if "resilient" in c.get("modes", ["resilient"])]
    # a comparison asks about the modes that it names, in the pair that is judged later
    compared = [c for e in extensions for c in e.get("compare", [])]
    if not claims and not compared:
        yield "nothing is claimed in this mode"
        return
    worth = [_worth(claim, variables, world) for claim in claims]
    yield from (
        f"{claim.get('id')}: {why}" for claim, why in zip(claims, worth, strict=True) if why == "missed"
    )
    if claims and not any(why == "" for why in worth):
        yield f"no claim could have been missed: {worth}"


def _worth(claim: Mapping[str, Any], variables: Mapping[str, Any], world: World) -> str:
    """Empty for a claim that is met and could have been missed."""
    figure = str(claim.get("figure"))
    value, least, most = _figure(figure, world)
    default = claim.get("default")
    if value is None:
        if default is None or ".codes." not in figure:
            return "missed"
        if figure.rpartition(".")[2] not in _CODES:
            return "no request can end with this code"
        # whatever the claim calls it
        value = 0.0
    if least == most:
        return "it is a setting"
    if "equals" in claim:
        return "" if value == claim["equals"] else "missed"
    low, high = _bounds(claim, variables)
    if low is None or high is None or math.isnan(low) or math.isnan(high) or not low <= value <= high:
        return "missed"
    return "" if low > least or high < most else "it holds of anything"


def _bounds(claim: Mapping[str, Any], variables: Mapping[str, Any]) -> tuple[float | None, float | None]:
    def number(bound: Any) -> float | None:
        if isinstance(bound, str):
            bound = variables.get(bound.strip("${}"))
        return None if bound is None else float(bound)

    if "between" in claim:
        return number(claim["between"][0]), number(claim["between"][1])
    if "at_least" in claim:
        return number(claim["at_least"]), math.inf
    return -math.inf, number(claim.get("at_most"))


def _figure(figure: str, world: World) -> tuple[float | None, float, float]:
    """What it was, and between which values it can be; a setting can be nothing else."""
    first, _, rest = figure.partition(".")
    load = world.measured()
    requests = [] if load is None else load.requests
    most = float(len(requests))
    if first == "variables" or rest.startswith("planned_") or figure in _SETTINGS:
        return 1.0, 1.0, 1.0
    if first == "per_instance":
        name, _, rest = rest.partition(".")
        requests = [request for request in requests if request.front == name]
    elif first == "windows":
        window, _, rest = rest.partition(".")
        span = _span(world.faults)
        if span is None:
            return None, 0.0, most
        requests = [request for request in requests if _window(request.at, span) == window]
        most = float(len(requests))
    elif first != "load":
        return None, 0.0, most
    return *_of(requests, rest), (
        1.0 if rest == "error_ratio" else _longest_ms(world) if rest.endswith("_ms") else most
    )


def _of(requests: Sequence[Request], what: str) -> tuple[float | None, float]:
    ok = sum(200 <= request.status < 300 for request in requests)
    waited_ms = sorted((request.done_at - request.at) * 1000 for request in requests)
    if not requests:
        return None, 0.0
    if what.startswith("codes."):
        count = sum(request.code == what.removeprefix("codes.") for request in requests)
        return (count or None), 0.0
    if match := re.fullmatch(r"p(\d+)_ms", what):
        return waited_ms[max(0, math.ceil(int(match[1]) / 100 * len(waited_ms)) - 1)], 0.0
    known = {
        "ok": ok,
        "errors": len(requests) - ok,
        "requests": len(requests),
        "error_ratio": (len(requests) - ok) / len(requests),
        "max_ms": waited_ms[-1],
    }
    return known.get(what), 0.0


def _longest_ms(world: World) -> float:
    """No request can have waited for longer than there has been a load."""
    return (world.clock.now - min(load.began_at for load in world.loads)) * 1000 if world.loads else math.inf


def _span(faults: Sequence[Stood]) -> tuple[float, float] | None:
    if not faults:
        return None
    return min(f.on_at for f in faults), max(math.inf if f.off_at is None else f.off_at for f in faults)


def _window(at: float, span: tuple[float, float]) -> str:
    return "before" if at < span[0] else "fault" if at <= span[1] else "after"


# --- the hypothesis and the activities ---


def _hypothesis(content: Mapping[str, Any], journal: Mapping[str, Any]) -> Iterator[str]:
    probes = content.get("steady-state-hypothesis", {}).get("probes", [])
    if not probes:
        yield "there is no hypothesis"
        return
    if all(_anything(probe["tolerance"], probe["provider"]) for probe in probes):
        yield "nothing can be outside of the hypothesis"
    for when in ("before", "after"):
        state = journal["steady_states"].get(when)
        if not state or len(state["probes"]) != len(probes):
            yield f"the hypothesis was not measured {when}"
            continue
        for probe in state["probes"]:
            tolerance = probe["activity"]["tolerance"]
            if probe["status"] != "succeeded" or not _within(tolerance, probe["output"]):
                yield f"not steady {when}: {probe['activity']['name']}"


def _activities(
    content: Mapping[str, Any], journal: Mapping[str, Any], section: str, done: str
) -> Iterator[str]:
    planned, ran = content.get(section, []), journal.get(done, [])
    if len(planned) != len(ran):
        yield f"{len(ran)} of {len(planned)} of {section} ran"
    if str(journal["experiment"].get("dry") or "None") != "None":
        yield "it was dry"
    for entry in ran:
        activity, output = entry["activity"], entry.get("output")
        name, kind = activity["name"], activity["provider"]["type"]
        status = output["status"] if isinstance(output, dict) and "status" in output else 0
        if entry.get("status") != "succeeded":
            yield f"{name} did not succeed"
        elif activity.get("dry"):
            yield f"{name} was dry"
        elif "tolerance" in activity:
            if not _within(activity["tolerance"], output):
                yield f"{name} was outside of its tolerance"
        elif (kind == "process" and status != 0) or (kind == "http" and status >= 400):
            yield f"{name} ended with status {status}"


def _within(tolerance: Any, output: Any) -> bool:
    if output is None:  # nobody measured
        return False
    status = output.get("status") if isinstance(output, dict) else output
    match tolerance:
        case {"type": "range", "range": [low, high]}:
            return bool(low <= output <= high)
        case {"type": "regex", "pattern": pattern, "target": target}:
            return re.search(pattern, output[target]) is not None
        case {"type": "jsonpath", "path": "$.status"}:
            return True
        case {"type": "jsonpath"}:
            return False
        case [low, high]:
            return bool(low <= status <= high)
    return bool(status == tolerance)


def _anything(tolerance: Any, provider: Mapping[str, Any]) -> bool:
    match tolerance:
        case {"range": [low, high]} | [low, high]:
            if provider.get("func") == "error_ratio":
                return bool(low <= 0 and high >= 1)
            if provider.get("func") == "ready_instances":
                return bool(low <= 0 and high >= 2)
            return bool(low <= 0 and high == math.inf)
        case {"pattern": ".*"} | {"path": "$.status"}:
            return True
    return False


# --- the load and the faults ---


def _load(content: Mapping[str, Any], world: World) -> Iterator[str]:
    starts = [
        a for a in content.get("method", []) if a["provider"].get("module") == "chaosproof.actions.load"
    ]
    load = world.measured()
    if load is None:
        if starts:
            yield "the load never began"
        return
    sent = sum(request.code != "NOT_SENT" for request in load.requests)
    if sent < 0.95 * load.planned:
        yield f"{sent} of {load.planned} requests were sent"


def _faults(content: Mapping[str, Any], world: World) -> Iterator[str]:
    extension = content["extensions"][0] if content.get("extensions") else {}
    asked = [a for a in content.get("method", []) if _asks(a["provider"])]
    if not asked:
        if extension.get("no_fault") is not True:
            yield "nothing was tried"
        return
    if extension.get("no_fault") is True:
        yield "the fault is denied"
    single = [stood for stood in world.faults if not stood.partition]
    if len(single) < sum(a["provider"]["func"] != "partition" for a in asked):
        yield "a fault never went on"
    sides = [stood for stood in world.faults if stood.partition]
    if any(a["provider"]["func"] == "partition" for a in asked) and not any(side.met for side in sides):
        yield "the partition met nobody"
    for stood in world.faults:
        yield from _stood(stood, world)
    load = world.measured()
    if load is not None and load.requests:
        for stood in world.faults:
            if stood.off_at is not None and stood.asked_s is not None:
                under_s = min(stood.off_at, load.requests[-1].at) - max(stood.on_at, load.began_at)
                if under_s < stood.asked_s / 2:
                    yield f"{stood.kind} was under the load for {under_s:.2f} s only"
    yield from (f"{stood.kind} met nobody" for stood in single if not _met(stood, world))


def _asks(provider: Mapping[str, Any]) -> bool:
    module, func = provider.get("module"), provider.get("func")
    if module == "chaosproof.actions.process":
        return func in _BEGIN_FAULTS
    return module == "chaosproof.actions.network" and func not in _END_FAULTS


def _stood(stood: Stood, world: World) -> Iterator[str]:
    if stood.off_at is None:
        yield f"{stood.kind} never ended"
    elif stood.asked_s is not None and abs(stood.off_at - stood.on_at - stood.asked_s) > _SLACK_S:
        yield f"{stood.kind} stood {stood.off_at - stood.on_at:.2f} of {stood.asked_s} s"


def _met(stood: Stood, world: World) -> bool:
    """Whether requests went through what it was on, before it and while it was on."""
    requests = world.requests()
    before = [r for r in requests if r.at < stood.on_at]
    if stood.asked_s is None or stood.direction is None:
        during_load = any(r.at >= stood.on_at for r in requests)
        return during_load and any(stood.instance in (r.front, r.back) for r in before)
    return stood.met > 0 and any(stood.instance in (r.front, r.back) for r in before)
