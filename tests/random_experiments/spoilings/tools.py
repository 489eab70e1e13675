"""What spoilings have in common: each changes what is written, and returns False where it has nothing to spoil."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from tests.random_experiments.vocabulary import (
    Written,
    activity,
    claims_of,
)

__all__ = [
    "FAULT_MODULES",
    "LATENCY",
    "RATIO",
    "Spoiling",
    "before_end",
    "configured",
    "fault_actions",
    "first_claim",
    "never",
    "options",
    "page",
    "put",
    "replace_claims",
    "set_bound",
    "tolerances",
]

Spoiling = Callable[[Written, Random], object]
FAULT_MODULES = ("chaosproof.actions.network", "chaosproof.actions.process")
RATIO = activity("few requests fail", "probe", "chaosproof.probes.load", "error_ratio")
LATENCY = activity("answers are quick", "probe", "chaosproof.probes.load", "latency_ms", percentile=99)


def never(spoil: Spoiling, why: str) -> Spoiling:
    def apply(written: Written, random: Random) -> object:
        if spoil(written, random) is False:
            return False
        written.never.append(why)
        return True

    return apply


def fault_actions(written: Written) -> list[dict[str, Any]]:
    """The actions that put a fault on."""
    return [a for a in written.calls(*FAULT_MODULES) if "at_s" in a["provider"].get("arguments", {})]


def replace_claims(*claims: Mapping[str, Any]) -> Spoiling:
    def apply(written: Written, random: Random) -> None:
        claims_of(written)[:] = [
            {"id": f"S{n}", "claim": "it holds", **claim} for n, claim in enumerate(claims)
        ]

    return apply


def first_claim(change: Callable[[dict[str, Any], Random], object]) -> Spoiling:
    return lambda written, random: change(claims_of(written)[0], random) if claims_of(written) else False


def set_bound(key: str, value: Any) -> Callable[[dict[str, Any], Random], None]:
    def change(claim: dict[str, Any], random: Random) -> None:
        for bound in ("at_most", "at_least", "between", "equals"):
            claim.pop(bound, None)
        claim[key] = value

    return change


def before_end(call: Callable[[Written], dict[str, Any]]) -> Spoiling:
    def apply(written: Written, random: Random) -> bool:
        if len(written.method) < 2:
            return False
        written.method.insert(random.randrange(1, len(written.method)), call(written))
        return True

    return apply


def tolerances(tolerance: Any, *probes: Mapping[str, Any]) -> Spoiling:
    def apply(written: Written, random: Random) -> None:
        kept = [dict(probe) for probe in probes] or [written.probes[0]]
        written.probes[:] = [probe | {"tolerance": tolerance} for probe in kept]

    return apply


def options(*options: str) -> Spoiling:
    def apply(written: Written, random: Random) -> None:
        written.options += options

    return apply


def configured(**variables: Any) -> Spoiling:
    return lambda written, random: written.content["configuration"].update(variables)


def put(mapping: dict[str, Any], key: str, value: Any) -> bool:
    mapping[key] = value
    return True


def page(written: Written, kind: str, path: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "name": "a page", "provider": {"type": "http", "url": written.url + path}, **more}
