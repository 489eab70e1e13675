"""Probes that were asked before an action, to be otherwise there: what the experiment says shows its effect.

Outside of their tolerance they say what the experiment asks of them, and no mistake.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaosproof.experiment.evidence import evidence_of

__all__ = ["Ran", "looks_before"]


@dataclass(frozen=True, slots=True)
class Ran:
    """An activity of the method that ran. Times are seconds since the epoch; None where the journal has none."""

    name: str
    is_action: bool
    began_at: float | None
    ended_at: float | None


def looks_before(experiment: Mapping[str, Any], method: Sequence[Ran]) -> frozenset[int]:
    """The places in the method of the probes that ended before each action whose effect they show began."""
    shown_by: dict[str, list[str]] = {}
    for evidence in evidence_of(experiment):
        if evidence.probe:
            shown_by.setdefault(evidence.probe, []).append(evidence.activity)
    return frozenset(
        place
        for place, look in enumerate(method)
        if not look.is_action
        and look.name in shown_by
        and all(_is_before(look, name, method) for name in shown_by[look.name])
    )


def _is_before(look: Ran, name: str, method: Sequence[Ran]) -> bool:
    actions = [ran for ran in method if ran.is_action and ran.name == name]
    return bool(actions) and all(
        look.ended_at is not None and action.began_at is not None and look.ended_at <= action.began_at
        for action in actions
    )
