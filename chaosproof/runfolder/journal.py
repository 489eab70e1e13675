"""journal.json: Chaos Toolkit's own journal, as far as the verdict reads it. The toolkit has its format; this project
adds nothing to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaosproof.experiment.method_actions import provider_module
from chaosproof.json_access import at, mapping, mappings, text
from chaosproof.runfolder.record import Record, about

__all__ = ["ActivityRun", "Journal", "SteadyState"]


@dataclass(frozen=True, kw_only=True)
class ActivityRun(Record):
    """What the toolkit recorded of an activity: an action, a probe, a rollback."""

    activity: Mapping[str, Any] = about("the activity as the experiment declares it, its `${...}` unresolved")
    status: str = about("`succeeded` or `failed`; anything else did not end")
    output: Any = about("what it returned")
    start: str = about("when it began (ISO 8601)")
    end: str = about("when it ended (ISO 8601)")
    exception: tuple[str, ...] = about("the lines of the traceback, where it raised")
    tolerance_met: bool | None = about("whether the output was within its tolerance, where it has one")

    @property
    def name(self) -> str:
        return text(self.activity.get("name"))

    @property
    def provider(self) -> Mapping[str, Any]:
        """What the activity calls: `module`, `func`, `arguments`."""
        return mapping(self.activity.get("provider"))

    @property
    def module(self) -> str:
        """The Python module that the activity calls a function of, ours by its whole name; empty when it calls none."""
        return provider_module(self.activity)


@dataclass(frozen=True, kw_only=True)
class SteadyState(Record):
    """The steady-state hypothesis, measured once."""

    steady_state_met: bool | None = about("whether all probes were within their tolerance")
    probes: tuple[ActivityRun, ...] = about(
        "the probes that were measured; the toolkit stops at the first unmet one"
    )


@dataclass(frozen=True, kw_only=True)
class Journal(Record):
    """Chaos Toolkit's own journal."""

    FILE: ClassVar[str] = "journal.json"

    experiment: Mapping[str, Any] = about("the experiment as the toolkit ran it, its `${...}` unresolved")
    status: str | None = about("how the toolkit says that the run ended")
    deviated: bool | None = about(
        "whether the toolkit found the hypothesis unmet after the method", default=None
    )
    steady_states: Mapping[str, SteadyState] = about(
        "the hypothesis `before` and `after` the method; `during`, where that was asked for, is a list of them"
    )
    run: tuple[ActivityRun, ...] = about("the activities of the method that ran")
    rollbacks: tuple[ActivityRun, ...] = about("the rollbacks that ran")

    def planned(self, section: str) -> tuple[Mapping[str, Any], ...]:
        """The activities that the experiment declares in `section`: `method`, `rollbacks`."""
        return mappings(self.experiment.get(section))

    @property
    def during(self) -> tuple[SteadyState, ...]:
        """The hypothesis as it was measured during the method, time after time; empty where it was not."""
        return tuple(map(SteadyState.from_json, mappings(at(self.source, "steady_states", "during"))))

    @property
    def measured(self) -> tuple[SteadyState, ...]:
        """Every measurement of the hypothesis: before, during and after the method."""
        around = (self.steady_states.get(when, _NOT_MEASURED) for when in ("before", "after"))
        return tuple(state for state in (*around, *self.during) if state.given)

    @property
    def probes(self) -> tuple[Mapping[str, Any], ...]:
        """The probes of the steady-state hypothesis, as the experiment declares them."""
        return mappings(at(self.experiment, "steady-state-hypothesis", "probes"))


_NOT_MEASURED = SteadyState.from_json(None)
