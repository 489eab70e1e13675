"""A file to review, as the rules see it: an experiment, or a journal with its experiment inside.

The format of both is Chaos Toolkit's (https://chaostoolkit.org/reference/api/experiment/ and .../journal/). Nothing
in a journal is relied on: a key that is not there, or holds another type, says nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from chaosproof.json_access import at, flag, instant, mapping, mappings, number, text
from chaosproof.review.facts.activity import Phase, ReviewedActivity

__all__ = ["Document", "Kind", "configured", "experiment_document", "journal_document", "kind_of"]

Kind = Literal["journal", "experiment"]


@dataclass(frozen=True, kw_only=True)
class Document:
    """A journal or an experiment.

    Times are seconds since the epoch, `start` and `end` the texts that they stand in the journal as. `has_session` is
    whether this project's own session judges the run, by evidence that a journal does not hold, and `session_verdict`
    what it made of it, empty where that is not known yet. `ended_by` is what ended the run early, where the journal
    says so: a safeguard, a signal. `text` is the file of an experiment. `refused_words` are sentences about the words
    of its faults that a run would refuse, where the reader of the file knows which those are.
    """

    file: Path
    kind: Kind
    experiment: Mapping[str, Any]
    variables: Mapping[str, Any] = field(default_factory=dict)
    activities: tuple[ReviewedActivity, ...] = ()
    measured: Mapping[str, bool | None] = field(default_factory=dict)
    status: str = ""
    deviated: bool | None = None
    began_at: float | None = None
    ended_at: float | None = None
    duration_s: float | None = None
    start: str = ""
    end: str = ""
    toolkit_version: str = ""
    has_session: bool = False
    session_verdict: str = ""
    ended_by: str = ""
    doubled_keys: tuple[str, ...] = ()
    text: str = ""
    refused_words: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What the experiment calls itself."""
        return text(self.experiment.get("title")) or self.file.name

    @property
    def hypothesis_probes(self) -> tuple[Mapping[str, Any], ...]:
        """The probes of the steady-state hypothesis, as declared."""
        return mappings(at(self.experiment, "steady-state-hypothesis", "probes"))

    @property
    def method(self) -> tuple[Mapping[str, Any], ...]:
        """The activities of the method, as declared."""
        return mappings(self.experiment.get("method"))

    @property
    def is_dry(self) -> bool:
        """Whether the whole experiment only pretended."""
        return bool(self.experiment.get("dry"))

    def at_phase(self, *phases: Phase) -> tuple[ReviewedActivity, ...]:
        """The activities that ran in these phases, in the order of the file."""
        return tuple(activity for activity in self.activities if activity.phase in phases)

    def pointer_of(self, declared: Mapping[str, Any]) -> str:
        """Where the experiment declares the activity; in a journal the experiment is inside of it."""
        root = "/experiment" if self.kind == "journal" else ""
        places = (
            (f"{root}/steady-state-hypothesis/probes", self.hypothesis_probes),
            (f"{root}/method", self.method),
            (f"{root}/rollbacks", mappings(self.experiment.get("rollbacks"))),
        )
        for path, activities in places:
            for number_of, activity in enumerate(activities):
                if activity is declared:
                    return f"{path}/{number_of}"
        return root


def kind_of(content: Any) -> Kind | None:
    """What a parsed file is; None for neither."""
    if not isinstance(content, Mapping):
        return None
    if "experiment" in content and (
        "run" in content or "steady_states" in content or "chaoslib-version" in content
    ):
        return "journal"
    if isinstance(content.get("method"), list) or isinstance(content.get("steady-state-hypothesis"), Mapping):
        return "experiment"
    return None


def configured(experiment: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of the experiment, as far as the file gives them: one that the environment gives has its
    default."""
    values = {}
    for name, value in mapping(experiment.get("configuration")).items():
        if not isinstance(value, Mapping):
            values[name] = value
        elif value.get("type") == "env" and "default" in value:
            values[name] = value["default"]
    return values


def experiment_document(
    file: Path, content: Mapping[str, Any], doubled_keys: tuple[str, ...], source: str
) -> Document:
    """An experiment that has not run."""
    return Document(
        file=file,
        kind="experiment",
        experiment=content,
        variables=configured(content),
        doubled_keys=doubled_keys,
        text=source,
    )


def journal_document(
    file: Path,
    head: Mapping[str, Any],
    activities: tuple[ReviewedActivity, ...],
    measured: Mapping[str, bool | None],
    variables: Mapping[str, Any],
) -> Document:
    """A journal: `head` is all of it but the entries, which are `activities` by now."""
    experiment = mapping(head.get("experiment"))
    # the control of the review changes these two, and keeps what the toolkit had in them
    own = {**head, **mapping(at(head, "chaosproof_review", "toolkit"))}
    session_verdict = text(at(head, "chaosproof", "verdict"))
    return Document(
        file=file,
        kind="journal",
        experiment=experiment,
        variables=variables,
        activities=activities,
        measured=measured,
        status=text(own.get("status")),
        deviated=flag(own.get("deviated")),
        began_at=instant(head.get("start")),
        ended_at=instant(head.get("end")),
        duration_s=number(head.get("duration")),
        start=text(head.get("start")),
        end=text(head.get("end")),
        toolkit_version=text(head.get("chaoslib-version")),
        has_session=bool(session_verdict),
        session_verdict=session_verdict,
        ended_by=_ended_by(head),
    )


def _ended_by(head: Mapping[str, Any]) -> str:
    """The safeguard of chaostoolkit-addons (0.12 and later write its name), or the signal (Chaos Toolkit 1.21 does)."""
    if safeguard := text(at(head, "safeguards", "triggered_by")):
        return f"the safeguard {safeguard!r}"
    return text(at(head, "interruption", "name"))
