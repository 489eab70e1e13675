"""What must not be written down: which of an experiment's variables are secrets, and how text is kept without them.

A run folder and a pack are shown to others. So a variable that is taken from the environment is a secret, unless the
project knows what it says, or what is judged depends on it.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from chaosproof.experiment.method_actions import provider_module
from chaosproof.experiment.variables import RUN_VARIABLES, says_where
from chaosproof.json_access import mapping, mappings, sequence

__all__ = ["REDACTED", "is_secret_name", "literal_headers", "redact", "secret_names", "secret_texts"]

REDACTED = "[redacted]"
_SECRET_NAME = re.compile(
    r"token|secret|passw|pwd|api_?key|credential|private_?key|authorization|cookie", re.I
)
_KNOWN = frozenset({"clients", "journals", "lab", "mode", "system", "target", *RUN_VARIABLES})
_UNITS = ("_s", "_rps", "_ratio", "_port", "_percent", "_ms")
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/\s@?#\"']+@(?=[\w.\[-])")
# Arguments in which a request's secrets stand; any other is part of what is judged.
_OF_A_REQUEST = frozenset({"body", "body_base64", "headers", "url"})
# A shorter text is in other words by chance.
_LEAST = 4


def is_secret_name(name: str) -> bool:
    """Whether a variable or a header of this name holds a secret."""
    return bool(_SECRET_NAME.search(name.replace("-", "_")))


def secret_names(content: Mapping[str, Any], variables: Mapping[str, Any]) -> frozenset[str]:
    """The variables of an experiment whose values are not to be written down. Pure."""
    declared = mapping(content.get("configuration"))
    judged = _judged(content)
    literal = set(_leaves(content))
    names = set()
    for name, value in variables.items():
        if name in _KNOWN or says_where(name) or name.endswith(_UNITS) or not isinstance(value, str):
            continue
        if not value or value in literal:
            continue  # the experiment's own file says it
        taken = mapping(declared.get(name)).get("type") in ("env", "vault")
        if is_secret_name(name) or (taken and name not in judged):
            names.add(name)
    return frozenset(names)


def secret_texts(values: Collection[Any], public: Collection[str]) -> tuple[str, ...]:
    """What to take out of every text: the secrets, also as a url writes them, the longest first.

    `public` are words that evidence is made of, such as the names of instances: they stay whatever a secret is.
    """
    long = {str(value) for value in values if len(str(value)) >= _LEAST} - set(public)
    return tuple(sorted({*long, *(quote(value, safe="") for value in long)}, key=len, reverse=True))


def redact(value: Any, secrets: Collection[str]) -> Any:
    """`value` with the secrets and the credentials of urls taken out of every text in it, keys as well. Pure."""
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, REDACTED)
        return _URL_CREDENTIALS.sub("redacted@", value)
    if isinstance(value, Mapping):
        return {redact(key, secrets): redact(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item, secrets) for item in value]
    return value


def literal_headers(content: Mapping[str, Any]) -> Iterator[str]:
    """The headers with a secret whose value the experiment's file holds itself, by name."""
    for key, value in _pairs(content):
        if key == "headers":
            pairs = value.items() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
            for pair in pairs:
                if len(pair) == 2 and is_secret_name(str(pair[0])) and "${" not in str(pair[1]):
                    yield str(pair[0])


def _judged(content: Mapping[str, Any]) -> frozenset[str]:
    """The variables on which a claim depends, or what our own actions and probes do."""
    extensions = [
        {key: item for key, item in extension.items() if key != "load"}
        for extension in mappings(content.get("extensions"))
    ]
    activities = [
        *mappings(mapping(content.get("steady-state-hypothesis")).get("probes")),
        *mappings(content.get("method")),
        *mappings(content.get("rollbacks")),
    ]
    arguments = [
        item
        for activity in activities
        if provider_module(activity).startswith(("chaosproof.actions.", "chaosproof.probes."))
        for key, item in mapping(mapping(activity["provider"]).get("arguments")).items()
        if key not in _OF_A_REQUEST
    ]
    named = (name for leaf in _leaves([extensions, arguments]) for name in _VARIABLE.findall(leaf))
    return frozenset(named)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for item in value.values() if isinstance(value, Mapping) else sequence(value):
        yield from _leaves(item)


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    for item in value.values() if isinstance(value, Mapping) else sequence(value):
        yield from _pairs(item)
