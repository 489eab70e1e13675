"""A cause, and the fault that it becomes, as plain data: for a list, for a page, and for an experiment."""

from collections.abc import Mapping
from typing import Any

from chaosproof.faults.causes.base import Cause
from chaosproof.faults.model import Fault

__all__ = ["cause_document", "fault_document", "provider_of"]


def cause_document(cause: Cause) -> Mapping[str, Any]:
    """The cause, as `inject --list-causes --json` prints it."""
    return {
        "cause": cause.name,
        "real": cause.real,
        "kind": cause.kind,
        "on": cause.on,
        "arguments": {**cause.arguments},
        "nearness": cause.nearness,
    }


def fault_document(fault: Fault, cause: Cause | None, instance: str | None) -> Mapping[str, Any]:
    """What `inject --dry-run --json` prints: the fault in the words of `faults.jsonl`, and as an experiment has it."""
    return {
        "like": cause and cause_document(cause),
        "kind": fault.kind,
        "instance": instance,
        "selector": fault.selector,
        "direction": fault.direction,
        "magnitude": {**fault.magnitude, **fault.chosen},
        "planned_s": fault.duration_s,
        "provider": provider_of(fault, instance),
    }


def provider_of(fault: Fault, instance: str | None) -> Mapping[str, Any]:
    """The action of an experiment that is this fault; arguments that have their default are left out."""
    kind = fault.declared
    arguments = {
        "instance": instance or "${fault_instance}",
        "port": fault.port,
        **fault.magnitude,
        **(fault.chosen if kind.choice and fault.choice != kind.choice.values[0] else {}),
        "duration_s": fault.duration_s,
        "protocol": fault.protocol if fault.protocol != kind.protocols[0] else None,
        "port_side": fault.port_side if fault.port_side != "destination" else None,
        "peer": fault.peer,
        "direction": fault.direction if fault.direction != kind.directions[0] else None,
    }
    return {
        "type": "python",
        "module": "chaosproof.actions.network",
        "func": fault.kind,
        "arguments": {name: value for name, value in arguments.items() if value is not None},
    }
