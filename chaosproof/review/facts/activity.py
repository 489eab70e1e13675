"""What a review keeps of an activity that ran: facts, and not the output, which may be 100 MB of somebody's log."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chaosproof.json_access import at, instant, mapping, number, sequence, text
from chaosproof.review.facts.effect import Effect, effect_of, last_line_of
from chaosproof.review.facts.instants import instants_of
from chaosproof.runfolder.journal import ActivityRun
from chaosproof.wording import short

__all__ = ["Output", "Phase", "ReviewedActivity", "met_during", "reviewed"]

Phase = Literal["before", "during", "method", "after", "rollback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What an activity returned, in short.

    `is_empty`: an empty text, list or object. `is_nothing`: that, null, false or 0, or nothing but those inside; of
    a process that it printed nothing, of an HTTP answer that it has no body. `is_figure`: a number, `is_endless`:
    NaN or an infinity, which a probe has measured. `digest` is of the body of an HTTP answer, and `instants` are
    the times (s since the epoch) at which that answer says that it was made.
    """

    value: str
    is_empty: bool = False
    is_nothing: bool = False
    is_figure: bool = False
    is_endless: bool = False
    digest: str = ""
    instants: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedActivity:
    """An activity that ran. Times are seconds since the epoch; None where the journal has none.

    `declared` is the activity as the experiment has it, `effect` what came of it by what it returned, `raised` the
    last line of its exception.
    """

    pointer: str
    phase: Phase
    name: str
    declared: Mapping[str, Any]
    status: str
    began_at: float | None
    ended_at: float | None
    tolerance_met: bool | None
    effect: Effect
    output: Output
    raised: str

    @property
    def is_action(self) -> bool:
        """Whether it changes something; a probe only looks."""
        return self.declared.get("type") == "action"

    @property
    def provider(self) -> Mapping[str, Any]:
        """What it calls."""
        return mapping(self.declared.get("provider"))

    @property
    def provider_type(self) -> str:
        """`python`, `http` or `process`."""
        return text(self.provider.get("type"))

    @property
    def function(self) -> str:
        """`module.func` of a Python provider; else empty."""
        return ".".join(filter(None, (text(self.provider.get("module")), text(self.provider.get("func")))))

    @property
    def duration_s(self) -> float | None:
        """How long it took."""
        if self.began_at is None or self.ended_at is None:
            return None
        return max(0.0, self.ended_at - self.began_at)

    @property
    def was_dry(self) -> bool:
        """Whether it only pretended."""
        return bool(self.declared.get("dry"))


_NOTHING_WRONG = Effect()
_DEPTH_MAX = 8
_NO_WORDS = frozenset({"", "0", "[]", "{}", "()", "null", "none", "false"})
"""What programs print where there is nothing: an empty list, no value."""
_NOT_READ = Output(value="")


def reviewed(
    entry: ActivityRun, pointer: str, phase: Phase, variables: Mapping[str, Any]
) -> ReviewedActivity:
    """The facts of one entry of the journal."""
    return ReviewedActivity(
        pointer=pointer,
        phase=phase,
        name=entry.name or text(entry.activity.get("ref")) or "(no name)",
        declared=entry.activity,
        status=entry.status,
        began_at=instant(entry.start),
        ended_at=instant(entry.end),
        tolerance_met=entry.tolerance_met,
        effect=effect_of(entry, variables) if entry.status == "succeeded" else Effect(),
        output=_output(entry),
        raised=last_line_of(entry) if entry.exception else "",
    )


def met_during(declared: Mapping[str, Any], pointer: str, start: str, end: str) -> ReviewedActivity:
    """The facts of a probe that was within its tolerance during the method."""
    return ReviewedActivity(
        pointer=pointer,
        phase="during",
        name=text(declared.get("name")) or "(no name)",
        declared=declared,
        status="succeeded",
        began_at=instant(start),
        ended_at=instant(end),
        tolerance_met=True,
        effect=_NOTHING_WRONG,
        output=_NOT_READ,
        raised="",
    )


def _output(entry: ActivityRun) -> Output:
    output = entry.output
    body = at(output, "body") if entry.provider.get("type") == "http" else None
    written = body if isinstance(body, str) else "" if body is None else repr(body)
    return Output(
        value=short(output)
        if number(output) is not None or isinstance(output, bool | str)
        else short(_head(output)),
        is_empty=isinstance(output, str | list | dict | tuple) and not output,
        is_nothing=_is_nothing(output, entry.provider.get("type")),
        is_figure=number(output) is not None,
        is_endless=isinstance(output, float) and not math.isfinite(output),
        digest=hashlib.sha256(written.encode(errors="replace")).hexdigest()[:16] if written else "",
        instants=instants_of(mapping(at(output, "headers")), body) if body is not None else (),
    )


def _is_nothing(output: Any, provider_type: Any) -> bool:
    match provider_type:
        case "process":
            output = at(output, "stdout")
        case "http":
            output = at(output, "body")
    if isinstance(output, str):
        return output.strip().lower() in _NO_WORDS
    return not _something(output)


def _something(output: Any, depth: int = _DEPTH_MAX) -> bool:
    """Whether there is anything in it: no text of spaces, and no list or object of what is nothing itself.

    0 is a count of nothing, but in a list the first of some things that are counted from 0.
    """
    if isinstance(output, str):
        return bool(output.strip())
    if isinstance(output, Mapping):
        return any(_within(item, depth) for item in output.values())
    if sequence(output):
        return any(number(item) is not None or _within(item, depth) for item in output)
    return bool(output) and not (isinstance(output, float) and math.isnan(output))


def _within(item: Any, depth: int) -> bool:
    return depth == 0 or _something(item, depth - 1)


def _head(output: Any) -> Any:
    """The first of a long list: its whole would only be cut again."""
    return list(output[:8]) if sequence(output) else output
