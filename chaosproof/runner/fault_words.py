"""The words that an experiment's faults are given, looked at before anything is started: `sides`, `direction`, ...

A fault itself refuses a word that it does not know, but only when its moment has come, with the whole system up.
"""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from chaosproof.experiment.method_actions import provider_module
from chaosproof.experiment.schema import suggestion
from chaosproof.experiment.variables import resolve_all
from chaosproof.faults.kinds import KINDS
from chaosproof.faults.kinds.base import Direction, NetworkKind, PortSide, Protocol
from chaosproof.json_access import mapping, mappings, text

__all__ = ["fault_word_mistakes"]

_MODULE = "chaosproof.actions.network"


def fault_word_mistakes(content: Mapping[str, Any], variables: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each word of a network fault of the method that is none of those that it takes."""
    for activity in mappings(content.get("method")):
        provider = mapping(activity.get("provider"))
        kind = KINDS.get(text(provider.get("func")))
        if provider_module(activity) != _MODULE or kind is None:
            continue
        arguments = mapping(provider.get("arguments"))
        for name, allowed in _choices_of(kind).items():
            try:
                value = resolve_all(arguments.get(name, ""), variables)
            except KeyError:
                continue  # the toolkit knows more variables than are known here
            # empty is the default, but for the words of a choice
            if value not in allowed and (value or (name in arguments and name == kind.choice_name)):
                yield f"{text(activity.get('name'))!r}: {name} is {value!r}: {suggestion(str(value), allowed)}"


def _choices_of(kind: NetworkKind) -> Mapping[str, tuple[str, ...]]:
    shared = {
        "protocol": get_args(Protocol),
        "port_side": get_args(PortSide),
        "direction": get_args(Direction),
    }
    return {**shared, kind.choice_name: kind.choice.values} if kind.choice else shared
