"""What an activity did, by what the journal keeps of it.

The toolkit calls an activity succeeded that did not raise. Here it counts by what it did: a process by its exit status,
an HTTP request by that of its response, and any of them by its own tolerance where it has one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chaosproof.json_access import at, text, whole
from chaosproof.review.facts.tolerance import within
from chaosproof.runfolder.journal import ActivityRun
from chaosproof.wording import short

__all__ = ["Effect", "effect_of", "last_line_of", "name_of"]

_HTTP_ERROR = 400
_STATE_IT = "if that is right, its own `tolerance` has to name it"


@dataclass(frozen=True, slots=True)
class Effect:
    """What came of an activity that did not raise: what was `wrong` with it, as a predicate, or what is `unknown`."""

    wrong: str = ""
    unknown: Literal["", "status", "tolerance"] = ""


def effect_of(entry: ActivityRun, variables: Mapping[str, Any]) -> Effect:
    """What the activity did, by what it returned; the toolkit asked no more than whether it raised."""
    tolerance = entry.activity.get("tolerance", entry.activity.get("expected"))
    if tolerance is not None or entry.tolerance_met is False:
        met = entry.tolerance_met is not False and within(tolerance, entry.output, variables)
        if met is False:
            bounds = "" if tolerance is None else f" {short(tolerance)}"
            return Effect(wrong=f"was outside of its tolerance{bounds}: it returned {short(entry.output)}")
        if met is None:
            return Effect(unknown="tolerance")
        return Effect()
    status = whole(at(entry.output, "status"))
    match entry.provider.get("type"):
        case "process" | "http" if status is None:
            return Effect(unknown="status")
        case "process" if status:
            last = next(reversed(text(at(entry.output, "stderr")).strip().splitlines()), "it wrote no error")
            return Effect(wrong=f"ended with status {status} ({short(last)}): {_STATE_IT}")
        case "http" if status and status >= _HTTP_ERROR:
            return Effect(wrong=f"was answered with HTTP status {status}: {_STATE_IT}")
    return Effect()


def name_of(entry: ActivityRun) -> str:
    """Its name, for a sentence."""
    return entry.name or "(no name)"


def last_line_of(entry: ActivityRun) -> str:
    """The last line of the exception that the toolkit kept: the sentence of it."""
    last = next((line.strip() for line in reversed(entry.exception) if line.strip()), "it does not say why")
    return short(last.splitlines()[-1].removeprefix("chaoslib.exceptions.ActivityFailed: "))
