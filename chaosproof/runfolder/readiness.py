"""readiness.ndjson: every change of an instance's state, as the target saw it."""

from dataclasses import dataclass
from typing import ClassVar

from chaosproof.runfolder.record import Record, about

__all__ = ["ReadinessRow"]


@dataclass(frozen=True, kw_only=True)
class ReadinessRow(Record):
    """One change of an instance's state."""

    FILE: ClassVar[str] = "readiness.ndjson"

    at: float | None = about("when the target saw it")
    instance: str = about("whose state changed")
    event: str = about(
        "`ready`, `not_ready`, `started`, `exited`, `completed`, `killed`, `paused` or `resumed`; of `lab`, the lab as "
        "a whole, `down`, with the command that ended it as its detail where it was not the run"
    )
    detail: str = about("what the target knows of the reason", default="")
    exact: bool | None = about(
        "`true` where `at` is the very instant of a signal, not when its effect was seen",
        default=None,
        omit=True,
    )
