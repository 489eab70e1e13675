"""What an experiment says proves that an action acted of which nothing here keeps a record: its `evidence`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chaosproof.experiment.extension import extensions_of
from chaosproof.experiment.method_actions import FAULT_MODULES, calls_of
from chaosproof.experiment.schema import suggestion
from chaosproof.experiment.tolerances import met_by_anything
from chaosproof.json_access import at, mappings, text

__all__ = ["NOT_EMPTY", "WITHIN_TOLERANCE", "Evidence", "evidence_mistakes", "evidence_of"]

NOT_EMPTY = "output is not empty"
WITHIN_TOLERANCE = "output is within its tolerance"


@dataclass(frozen=True)
class Evidence:
    """One entry: the action, and what shows its effect, a word or the probe of that name. The other one is empty."""

    activity: str
    word: str
    probe: str

    @property
    def sentence(self) -> str:
        """What it rests on."""
        return f"the probe {self.probe!r} is within its tolerance" if self.probe else f"its {self.word}"


def evidence_of(experiment: Mapping[str, Any]) -> tuple[Evidence, ...]:
    """The entries that say of which action they are, and what shows it. Never raises."""
    entries = (
        Evidence(text(item.get("activity")), text(item.get("shows")), text(at(item.get("shows"), "probe")))
        for extension in extensions_of(experiment)
        for item in mappings(extension.get("evidence"))
    )
    return tuple(entry for entry in entries if entry.activity and (entry.word or entry.probe))


def evidence_mistakes(experiment: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each entry that could prove nothing: there is no such action, probe or tolerance."""
    method = mappings(experiment.get("method"))
    actions = {
        text(activity.get("name")): activity for activity in method if activity.get("type") == "action"
    }
    probes = {text(activity.get("name")): activity for activity in method if activity.get("type") == "probe"}
    for evidence in evidence_of(experiment):
        path = f"evidence of {evidence.activity!r}"
        action = actions.get(evidence.activity)
        if action is None:
            yield f"{path}: there is no such action in the method; {suggestion(evidence.activity, actions)}"
        elif calls_of((action,), *FAULT_MODULES):
            yield f"{path}: it calls {', '.join(FAULT_MODULES)}, whose own record is the proof; leave it out"
        elif evidence.probe:
            yield from _mistakes_of_probe(path, evidence.probe, probes)
        elif evidence.word == WITHIN_TOLERANCE:
            yield from _mistakes_of_tolerance(f"{path}: the action", action)
        elif evidence.word != NOT_EMPTY:
            known = f'"{NOT_EMPTY}", "{WITHIN_TOLERANCE}" or {{"probe": NAME}}'
            yield f"{path}: `shows` must be {known}, not {evidence.word!r}"


def _mistakes_of_probe(path: str, name: str, probes: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if name in probes:
        yield from _mistakes_of_tolerance(f"{path}: the probe {name!r}", probes[name])
    else:
        yield f"{path}: there is no probe {name!r} in the method; {suggestion(name, probes)}"


def _mistakes_of_tolerance(path: str, activity: Mapping[str, Any]) -> Iterator[str]:
    if activity.get("tolerance") is None:
        yield f"{path} has no `tolerance`, so it cannot show anything: give it one that the effect alone meets"
    elif why := met_by_anything(activity):
        yield f"{path}: {why}"
