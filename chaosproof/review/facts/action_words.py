"""What an action does, by the words that it is declared with: its function, its command, its URL, its name.

Nobody declares whether an action breaks something, mends it, or is over in a moment; the words of the field do.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chaosproof.experiment.method_actions import FAULT_MODULES, calls_of, function_of
from chaosproof.json_access import at, mapping, number, sequence, text

__all__ = [
    "addresses_of",
    "changes",
    "delay_asked_s",
    "duration_asked_s",
    "is_moment",
    "is_undo",
    "known_provider",
    "tokens",
]

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_UNDO = frozenset(
    {"enable", "heal", "mend", "recover", "reconnect", "repair", "restore", "resume", "revert"}
    | {"rollback", "start", "thaw", "unblock", "uncordon", "undo", "unpause", "unfreeze"}
)
_TAKE_AWAY = frozenset({"clear", "del", "delete", "disable", "flush", "off", "remove", "stop"})
_OF_A_FAULT = frozenset(
    {"abort", "attack", "chaos", "corruption", "delay", "disturbance", "fail", "failure", "fault"}
    | {"faults", "iochaos", "latency", "loss", "netem", "networkchaos", "outage", "partition", "podchaos"}
    | {"rule", "stress", "stresschaos", "toxic", "toxics"}
)
_MOMENT = frozenset(
    {"crash", "delete", "destroy", "down", "evict", "halt", "kill", "pkill", "killall", "poweroff"}
    | {"reboot", "restart", "rollout", "shutdown", "sigkill", "sigterm", "stop", "term", "terminate"}
)
_KNOWN = re.compile(r"^chaos[a-z0-9]+(\.|$)")
_ADDRESS = re.compile(r"^/[\w.+-]|://|\$\{")
_PROGRAMS = ("/bin/", "/usr/", "/dev/", "/sbin/")
_CHANGING = frozenset({"PUT", "POST", "PATCH", "DELETE"})
_BREAKS = frozenset(
    {
        "block",
        "corrupt",
        "disable",
        "fill",
        "freeze",
        "hang",
        "mv",
        "pause",
        "rename",
        "rm",
        "sigstop",
        "slow",
    }
)
_DURATIONS = {
    "duration": 1.0,
    "duration_s": 1.0,
    "seconds": 1.0,
    "duration_seconds": 1.0,
    "duration_ms": 0.001,
}
_DELAYS = {
    "delay_ms": 0.001,
    "latency_ms": 0.001,
    "delay_s": 1.0,
    "latency_s": 1.0,
    "delay": None,
    "latency": None,
}
_SPAN = re.compile(r"^(\d+(?:\.\d+)?)(ms|s|m|h)?$")
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def tokens(activity: Mapping[str, Any], with_name: bool = True) -> frozenset[str]:
    """The words of what the activity calls, and of its name, in lower case."""
    provider = mapping(activity.get("provider"))
    # the last part of a module says what is acted on; the rest is where it is packaged
    parts = [text(provider.get("func")), text(provider.get("path")).rsplit("/", 1)[-1], *_arguments(provider)]
    if provider.get("type") == "http":
        parts += [
            text(provider.get("url")),
            {"DELETE": "delete"}.get(text(provider.get("method")).upper(), ""),
        ]
    if with_name:
        parts.append(text(activity.get("name")))
    return frozenset(word.lower() for part in parts for word in _WORD.findall(part))


def _arguments(provider: Mapping[str, Any]) -> Iterator[str]:
    arguments = provider.get("arguments")
    if provider.get("type") == "process":
        if isinstance(arguments, str):
            yield arguments
        for value in sequence(arguments) or mapping(arguments).values():
            yield str(value)
        if isinstance(arguments, Mapping):
            yield from map(str, arguments)


def is_undo(activity: Mapping[str, Any]) -> bool:
    """Whether the action takes back what another has done: it resumes, restores, removes a toxic."""
    words_of = tokens(activity)
    return bool(words_of & _UNDO) or bool(words_of & _TAKE_AWAY and words_of & _OF_A_FAULT)


def is_moment(activity: Mapping[str, Any]) -> bool:
    """Whether the action is over at once, and what it hit has to come back: a kill, a restart, a deletion."""
    return bool(tokens(activity) & _MOMENT) and not is_undo(activity)


def known_provider(activity: Mapping[str, Any]) -> bool:
    """Whether it is a function of one of Chaos Toolkit's own drivers (`chaosk8s`, `chaosaws`, ...)."""
    return bool(_KNOWN.match(function_of(activity))) and not function_of(activity).startswith("chaosproof")


def duration_asked_s(activity: Mapping[str, Any]) -> float | None:
    """How long the action's own arguments say that its effect lasts; None where they do not say."""
    return _seconds_of(activity, _DURATIONS)


def delay_asked_s(activity: Mapping[str, Any]) -> float | None:
    """By how much the action's own arguments say that it delays what it hits; None where they do not say."""
    return _seconds_of(activity, _DELAYS)


def _seconds_of(activity: Mapping[str, Any], units_s: Mapping[str, float | None]) -> float | None:
    """The first of these arguments, in seconds; a plain number under a name without a unit says nothing."""
    arguments = mapping(at(activity, "provider", "arguments"))
    for name, unit_s in units_s.items():
        value = arguments.get(name)
        if unit_s and (seconds := number(value)) is not None:
            return seconds * unit_s
        if (span := _SPAN.match(text(value))) and (factor := _UNITS_S[span[2]] if span[2] else unit_s):
            return float(span[1]) * factor
    return None


def addresses_of(activity: Mapping[str, Any]) -> frozenset[str]:
    """What the activity names that it acts on or looks at: URLs without their query, files, variables that hold
    them."""
    provider = mapping(activity.get("provider"))
    values = [text(provider.get("url"))] if provider.get("type") == "http" else [*_arguments(provider)]
    values += [
        text(value)
        for value in mapping(provider.get("arguments")).values()
        if provider.get("type") == "python"
    ]
    pieces = [piece.partition("?")[0].rstrip("/") for value in values for piece in value.split()]
    return frozenset(piece for piece in pieces if _ADDRESS.search(piece) and not piece.startswith(_PROGRAMS))


def changes(activity: Mapping[str, Any]) -> bool:
    """Whether the action breaks what it names, or changes it, rather than sends it requests.

    A fault of this project names where it acts, and others may be asked there how they cope.
    """
    if calls_of((activity,), *FAULT_MODULES):
        return False
    provider = mapping(activity.get("provider"))
    if provider.get("type") == "http":
        return text(provider.get("method")).upper() in _CHANGING
    return bool(tokens(activity) & (_MOMENT | _BREAKS)) and not is_undo(activity)
