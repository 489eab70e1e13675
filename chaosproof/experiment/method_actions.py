"""What the actions of a method are for: faults that leave a record, work, and what nothing here can vouch for; and the
modules of this project, which some experiments know by a short name."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaosproof.json_access import at, mapping, mappings, text

__all__ = [
    "DISTURBANCE_MODULE",
    "FAULT_MODULES",
    "OWN_MODULES",
    "calls_of",
    "foreign_actions",
    "function_of",
    "own_module",
    "provider_module",
    "resolved_method",
]

FAULT_MODULES = ("chaosproof.actions.network", "chaosproof.actions.process", "chaosproof.actions.nats")
"""The modules whose actions put a fault on; each of them writes a row of faults.jsonl."""

DISTURBANCE_MODULE = "chaosproof.actions.app"
"""The module that has a service disturb itself; its proof is what the service answers when it has ended."""

OWN_MODULES = (*FAULT_MODULES, DISTURBANCE_MODULE, "chaosproof.actions.load", "chaosproof.actions.router")
"""Every module of this project that has actions."""


_PACKAGES = ("actions", "probes", "controls")
_SHORT = tuple(f"{package}." for package in _PACKAGES)


def own_module(module: str) -> str:
    """`chaosproof.actions.network` for `actions.network`, its name in a checkout; any other name as it is.

    Experiments and journals from before 0.3 have the short names only.
    """
    return f"chaosproof.{module}" if module.startswith(_SHORT) else module


def provider_module(activity: Mapping[str, Any]) -> str:
    """The module of the activity's (or control's) Python provider, by its whole name; empty without."""
    return own_module(text(mapping(activity.get("provider")).get("module")))


def calls_of(method: Sequence[Mapping[str, Any]], *modules: str) -> tuple[Mapping[str, Any], ...]:
    """The activities that call a function of one of `modules`."""
    return tuple(
        activity
        for activity in method
        if any(f"{provider_module(activity)}.".startswith(f"{module}.") for module in modules)
    )


def foreign_actions(
    method: Sequence[Mapping[str, Any]], but_for: Sequence[str] = ()
) -> Iterator[tuple[str, str]]:
    """The name of each action that is of none of our modules, and what it calls; `but_for` are names to leave out."""
    own = calls_of(method, *OWN_MODULES)
    for activity in method:
        name, provider = text(activity.get("name")), activity.get("provider")
        if activity.get("type") == "action" and activity not in own and name not in but_for:
            kind = text(at(provider, "type"))
            parts = [text(at(provider, key)) for key in ("module", "func", "path", "url")]
            yield name, f"{kind} {'.'.join(filter(None, parts))}".strip()


def function_of(activity: Mapping[str, Any]) -> str:
    """`module.func` of a Python provider, ours by its whole name; else empty."""
    return ".".join(filter(None, (provider_module(activity), text(at(activity, "provider", "func")))))


def resolved_method(experiment: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The method with each `ref` replaced by the activity of that name, wherever it is declared."""
    method = mappings(experiment.get("method"))
    probes = mappings(at(experiment, "steady-state-hypothesis", "probes"))
    declared = (*probes, *method, *mappings(experiment.get("rollbacks")))
    named = {text(activity.get("name")): activity for activity in reversed(declared) if "ref" not in activity}
    return tuple(
        named.get(text(activity.get("ref")), activity) if "ref" in activity else activity
        for activity in method
    )
