"""The faults of a run against the arguments of the actions that called for them, and against the instances that the
experiment names.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chaosproof.experiment.variables import resolve
from chaosproof.json_access import at, mapping, number, numeral, text
from chaosproof.review.facts.effect import name_of
from chaosproof.runfolder.faults import FaultRecord
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["elsewhere", "label_of", "unlike_arguments"]

_MODULES = ("chaosproof.actions.network", "chaosproof.actions.process")
_PARTITION = "partition of "
# stress-ng counts whole seconds
_ROUNDING_S = 1.0


def elsewhere(run: RunFolder, faults: Sequence[FaultRecord]) -> Iterator[str]:
    """Which fault is on an instance that the experiment does not name, and which named instance has none.

    It names instances by the variable `fault_instance` and by the argument `instance` of its actions.
    """
    meant = text(run.variables.get("fault_instance"))
    if not meant:
        return
    calls = [call for module in _MODULES for call in run.calls(module)]
    named = {meant, *(text(_resolved(run, at(call, "provider", "arguments", "instance"))) for call in calls)}
    # a partition names services, and is on every instance of both
    network = [fault for fault in faults if not fault.note.startswith(_PARTITION)]
    for fault in network:
        if fault.instance not in named:
            yield f"{label_of(fault)} is not on {meant}, which the experiment names"
    if network and meant not in {fault.instance for fault in faults}:
        hit = ", ".join(sorted({fault.instance for fault in faults}))
        yield f"no fault is on {meant}, which fault_instance names, but on {hit}"


def unlike_arguments(run: RunFolder, faults: Sequence[FaultRecord]) -> Iterator[str]:
    """Where the row of a fault is not what its action was called with; a default is not compared."""
    by_id = {fault.id: fault for fault in faults}
    returned: set[str] = set()
    for entry in run.journal.run:
        fault = by_id.get(text(mapping(entry.output).get("id")))
        if entry.module not in _MODULES or fault is None:
            continue
        returned.add(entry.name)
        called = {"kind": entry.provider.get("func"), **mapping(entry.provider.get("arguments"))}
        recorded = _recorded(fault)
        for key, value in called.items():
            argument = _resolved(run, value)
            if key in recorded and argument is not None and not _equal(key, argument, recorded[key]):
                yield f"{name_of(entry)!r} asked for {key} {argument}, and the fault has {recorded[key]}"
    for call in run.calls("chaosproof.actions.network"):
        if text(call.get("name")) not in returned:
            yield from _unlike_any(run, call, faults)


def _unlike_any(run: RunFolder, call: Mapping[str, Any], faults: Sequence[FaultRecord]) -> Iterator[str]:
    """What an action that returned no fault asked for, and none of the faults has."""
    arguments = mapping(at(call, "provider", "arguments"))
    for key, name in (("duration_s", "duration_s"), ("port", "port"), ("port_number", "port")):
        value = numeral(_resolved(run, arguments.get(key)))
        planned = [number(_recorded(fault)[name]) for fault in faults]
        if value is not None and value not in planned:
            shown = ", ".join("unknown" if p is None else f"{p:g}" for p in planned)
            yield f"the experiment asked for {key} {value:g}, and the fault planned {shown}"


def _recorded(fault: FaultRecord) -> Mapping[str, Any]:
    """What of a fault has the value of the argument with this name."""
    return {
        "kind": fault.kind,
        "instance": fault.instance,
        "direction": fault.direction,
        "duration_s": fault.planned_s,
        **{key: fault.selector.get(key) for key in ("port", "port_side", "peer", "protocol")},
        **fault.magnitude,
    }


def _equal(key: str, argument: Any, recorded: Any) -> bool:
    if recorded is None and argument in ("", "0", 0):
        return True
    wanted, had = numeral(argument), number(recorded)
    if wanted is not None and had is not None:
        return abs(wanted - had) <= (_ROUNDING_S if key == "duration_s" and wanted != round(wanted) else 1e-9)
    return str(argument) == str(recorded)


def _resolved(run: RunFolder, value: Any) -> Any:
    try:
        return resolve(value, run.variables)
    except KeyError:
        return None


def label_of(fault: FaultRecord) -> str:
    """A fault in a few words: what it is, and on which instance."""
    return f"{fault.kind or 'fault'} on {fault.instance or 'an unnamed instance'}"
