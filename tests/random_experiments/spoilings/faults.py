"""Faults that are too short, of somebody else, or left out, and faults that nobody meets."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from tests.random_experiments.spoilings.tools import (
    FAULT_MODULES,
    Spoiling,
    configured,
    fault_actions,
    never,
    put,
)
from tests.random_experiments.vocabulary import (
    Written,
    activity,
    extension_of,
    process,
    with_nature,
)

__all__ = ["FAULTS"]

_HEAL = activity("all is healed", "action", "chaosproof.actions.network", "heal")


def _arguments(written: Written, *modules: str) -> list[dict[str, Any]]:
    return [a["provider"].setdefault("arguments", {}) for a in written.calls(*modules)]


def _on_packets(written: Written) -> list[dict[str, Any]]:
    return [
        a["provider"]["arguments"]
        for a in fault_actions(written)
        if a["provider"]["module"] == "chaosproof.actions.network" and "port" in a["provider"]["arguments"]
    ]


def _each_fault(change: Callable[[dict[str, Any]], object]) -> Spoiling:
    """On every fault on packets, so that no other one meets somebody."""

    def apply(written: Written, random: Random) -> bool:
        faults = _on_packets(written)
        if not faults or len(faults) != len(fault_actions(written)):
            return False
        for arguments in faults:
            change(arguments)
        return True

    return apply


def _insert_after_fault(*calls: dict[str, Any]) -> Spoiling:
    def apply(written: Written, random: Random) -> bool:
        faults = fault_actions(written)
        if not faults:
            return False
        place = written.method.index(faults[-1]) + 1
        written.method[place:place] = [dict(call) for call in calls]
        return True

    return apply


def _without_faults(written: Written, random: Random) -> bool:
    faults = fault_actions(written)
    for call in [*faults, *written.calls(*FAULT_MODULES)]:
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


def _load_elsewhere(written: Written, random: Random) -> None:
    for arguments in _arguments(written, "chaosproof.actions.load"):
        if "url" in arguments:
            arguments["url"] = "http://audit:8080/"
    extension_of(written)["load"]["url"] = "http://audit:8080/"


def _without_load(written: Written, random: Random) -> None:
    for call in written.calls("chaosproof.actions.load"):
        written.method.remove(call)
    extension_of(written).pop("load")
    extension_of(written)["artifacts"].remove("load.json")
    for arguments in _arguments(written, *FAULT_MODULES):
        arguments.pop("at_s", None)


def _one_connection(written: Written, random: Random) -> bool:
    """All requests go to shop-0, and the fault is on shop-1."""
    faults = [a["provider"]["arguments"] for a in fault_actions(written)]
    if not faults or any("a" in arguments for arguments in faults):
        return False
    for arguments in faults:
        old = arguments["instance"]
        arguments["instance"] = "shop-1"
        for again in written.calls("chaosproof.actions.process"):
            if again["provider"].get("arguments", {}).get("instance") == old:
                again["provider"]["arguments"]["instance"] = "shop-1"
        if "port" in arguments:
            arguments["port"] = 9000 if arguments.get("direction") == "egress" else 8080
            arguments.pop("peer", None)
    written.content["configuration"]["connections"] = 1
    return True


def _mishap(name: str) -> Spoiling:
    def apply(written: Written, random: Random) -> bool:
        asked = written.content["configuration"].get("fault_s", 0)
        on_packets = len(_on_packets(written)) == len(fault_actions(written)) > 0
        with_nature(written, mishap=name)
        return on_packets and isinstance(asked, int | float) and asked >= 1

    return apply


def _late(written: Written, random: Random) -> bool:
    """The fault goes on after the load is over."""
    finish = next(
        (a for a in written.calls("chaosproof.actions.load") if a["provider"]["func"] == "finish"), None
    )
    faults = fault_actions(written)
    if finish is None or not faults:
        return False
    written.method.remove(finish)
    written.method.insert(1, finish)
    for fault in faults:
        fault["provider"]["arguments"].pop("at_s")
    return True


def _from_the_start(written: Written, random: Random) -> None:
    written.content["configuration"] |= {"warmup_s": 0, "fault_at_s": 0}


def _dry_fault(written: Written, random: Random) -> bool:
    return bool(fault_actions(written)) and put(fault_actions(written)[0], "dry", True)


def _mostly_after(written: Written, random: Random) -> bool:
    """The fault goes on when the load is almost over, by figures that no variable has."""
    lasting = [
        a["provider"]["arguments"]
        for a in fault_actions(written)
        if "duration_s" in a["provider"]["arguments"]
    ]
    for arguments in lasting:
        arguments.update(at_s=written.content["configuration"]["duration_s"] - 0.4, duration_s=4)
    return bool(lasting) and len(lasting) == len(fault_actions(written))


def _before_the_load(written: Written, random: Random) -> bool:
    faults = fault_actions(written)
    for fault in faults:
        fault["provider"]["arguments"].pop("at_s")
    written.method[:] = [*faults, *(call for call in written.method if call not in faults)]
    return bool(faults)


FAULTS: Mapping[str, Spoiling] = {
    "fault: mostly after the load": _mostly_after,
    "fault: before the load": _before_the_load,
    "fault: of no duration": never(_each_fault(lambda a: a.update(duration_s=0)), "there is no fault"),
    "fault: of a negative duration": never(
        _each_fault(lambda a: a.update(duration_s=-2)), "there is no fault"
    ),
    "fault: ended from outside": _mishap("short"),
    "fault: outlives its deadline": _mishap("long"),
    "fault: matches nothing": _mishap("blind"),
    "fault: healed at once": _insert_after_fault(_HEAL),
    "fault: resumed at once": _insert_after_fault(
        *(
            activity("it goes on", "action", "chaosproof.actions.process", "resume", instance=i)
            for i in ("shop-0", "shop-1", "stock-0")
        )
    ),
    "fault: dry": _dry_fault,
    "fault: left out": _without_no_fault,
    "fault: somebody else's": _foreign_only,
    "fault: longer than the load": configured(fault_s=30),
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
}
