"""What an experiment says proves that an action acted of which nothing here keeps a record: its `evidence`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaosproof.experiment.extension import extensions_of
from chaosproof.experiment.method_actions import OWN_MODULES, calls_of, resolved_method
from chaosproof.experiment.schema import extension_schema, mistakes_in, suggestion
from chaosproof.experiment.weak_probes import always_prints, asked_file, cannot_miss
from chaosproof.json_access import at, mappings, sequence, text
from chaosproof.wording import short

__all__ = [
    "NOT_EMPTY",
    "WITHIN_TOLERANCE",
    "Evidence",
    "evidence_mistakes",
    "evidence_of",
    "unread_evidence",
    "why_no_proof",
]

NOT_EMPTY = "output is not empty"
WITHIN_TOLERANCE = "output is within its tolerance"
_NOT_BEFORE = ("after-method-only", "during-method-only")


@dataclass(frozen=True)
class Evidence:
    """One entry: the action, and what shows its effect, a word or the probe of that name. The other one is empty."""

    activity: str
    word: str
    probe: str

    @property
    def sentence(self) -> str:
        """What it rests on."""
        if self.word and self.word not in (NOT_EMPTY, WITHIN_TOLERANCE):
            return repr(short(self.word))
        return f"its {self.word}" if self.word else f"the probe {self.probe!r} is within its tolerance"


def evidence_of(experiment: Mapping[str, Any]) -> tuple[Evidence, ...]:
    """The entries that say of which action they are, and what shows it. Never raises."""
    entries = (
        _entry_of(item)
        for extension in extensions_of(experiment)
        for item in sequence(extension.get("evidence"))
    )
    return tuple(entry for entry in entries if entry)


def _entry_of(item: Any) -> Evidence | None:
    activity, shows = text(at(item, "activity")), at(item, "shows")
    entry = Evidence(activity, text(shows), text(at(shows, "probe")))
    return entry if activity and (entry.word or entry.probe) else None


def unread_evidence(experiment: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each entry that does not say of which action it is, or what shows it. Never raises."""
    for extension in extensions_of(experiment):
        entries = extension.get("evidence", [])
        if not isinstance(entries, list):
            yield from mistakes_in(entries, extension_schema()["properties"]["evidence"], "evidence")
            continue
        for number_of, item in enumerate(entries):
            if not _entry_of(item):
                path = f"evidence[{number_of}]"
                mistakes = list(mistakes_in(item, extension_schema()["$defs"]["evidence"], path))
                yield "; ".join(mistakes) or f"{path}.shows is empty"


def evidence_mistakes(experiment: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each entry that could prove nothing; `unread_evidence` has those that say nothing."""
    for evidence in evidence_of(experiment):
        if why := why_no_proof(experiment, evidence):
            yield f"evidence of {evidence.activity!r}: {why}"


def why_no_proof(experiment: Mapping[str, Any], evidence: Evidence) -> str:
    """Why the entry proves nothing, whatever the journal holds; empty where it can."""
    method = resolved_method(experiment)
    actions, known = _named(method, "action", evidence.activity)
    if not actions:
        return f"there is no such action in the method; {suggestion(evidence.activity, known)}"
    for module in OWN_MODULES:
        if calls_of(actions, module):
            return f"it calls {module}, whose own record is the proof; leave it out"
    if evidence.probe:
        return _why_no_proof_by_probe(experiment, method, evidence)
    if evidence.word == WITHIN_TOLERANCE:
        why = _first_why(map(_why_no_tolerance, actions))
        return why and f"the action {why}"
    if evidence.word == NOT_EMPTY:
        return _first_why(map(always_prints, actions))
    return f'`shows` must be "{NOT_EMPTY}", "{WITHIN_TOLERANCE}" or {{"probe": NAME}}, not {short(evidence.word)!r}'


def _named(
    method: Sequence[Mapping[str, Any]], kind: str, name: str
) -> tuple[list[Mapping[str, Any]], frozenset[str]]:
    """The activities of that kind and name, of which there may be several, and every name of that kind."""
    of_kind = [activity for activity in method if activity.get("type") == kind]
    known = frozenset(text(activity.get("name")) for activity in of_kind) - {""}
    return [activity for activity in of_kind if text(activity.get("name")) == name], known


def _first_why(whys: Iterable[str]) -> str:
    return next(filter(None, whys), "")


def _shown_by(experiment: Mapping[str, Any], method: Sequence[Mapping[str, Any]], probe: str) -> list[str]:
    """The name of each action of the method whose effect the probe shall show, as often as it stands there."""
    names = {evidence.activity for evidence in evidence_of(experiment) if evidence.probe == probe}
    actions = (text(activity.get("name")) for activity in method if activity.get("type") == "action")
    return [name for name in actions if name in names]


def _hypothesis_probes(experiment: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Those that are met before the method, or there is none of it."""
    if at(experiment, "runtime", "hypothesis", "strategy") in _NOT_BEFORE:
        return ()
    return mappings(at(experiment, "steady-state-hypothesis", "probes"))


def _why_no_proof_by_probe(
    experiment: Mapping[str, Any], method: Sequence[Mapping[str, Any]], evidence: Evidence
) -> str:
    probes, known = _named(method, "probe", evidence.probe)
    if not probes:
        return f"there is no probe {evidence.probe!r} in the method; {suggestion(evidence.probe, known)}"
    if why := _first_why(map(_why_no_tolerance, probes)):
        return f"the probe {evidence.probe!r} {why}"
    if len(shown := _shown_by(experiment, method, evidence.probe)) > 1:
        return (
            f"the probe {evidence.probe!r} would show {' and '.join(map(repr, shown))}, and not which of them acted: "
            "give each a name and a probe of its own"
        )
    hypothesis = _hypothesis_probes(experiment)
    if any(_asks_the_same(probe, other) for probe in probes for other in hypothesis):
        return (
            f"the probe {evidence.probe!r} is one of the hypothesis, which is met before the action, too: "
            "ask for what its effect alone meets"
        )
    if (path := _first_why(map(asked_file, probes))) and not _is_asked_before(method, evidence):
        return (
            f"the probe {evidence.probe!r} asks whether {path} is there, which may have been so before: "
            "ask it before the action, too"
        )
    return ""


def _asks_the_same(probe: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(probe.get(key) == other.get(key) for key in ("provider", "tolerance"))


def _is_asked_before(method: Sequence[Mapping[str, Any]], evidence: Evidence) -> bool:
    names = [text(activity.get("name")) for activity in method]
    return names.index(evidence.probe) < names.index(evidence.activity)


def _why_no_tolerance(activity: Mapping[str, Any]) -> str:
    """Why its tolerance cannot show anything, as a predicate; empty where it can."""
    if activity.get("tolerance") is None:
        return "has no `tolerance`, so it cannot show anything: give it one that the effect alone meets"
    why = cannot_miss(activity)
    return why and f"cannot be outside of its tolerance: {why}"
