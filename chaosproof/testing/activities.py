"""What a test did to its lab, in the form of the activities of a journal of Chaos Toolkit."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

__all__ = ["ActivityEntry", "ActivityLog"]


@dataclass
class ActivityEntry:
    """An activity while it goes on: `output` is what it returns, set by whoever does it."""

    activity: Mapping[str, Any]
    began_at: float
    output: Any = None
    ended_at: float | None = None
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """The row of a journal's `run`."""
        ended_at = self.began_at if self.ended_at is None else self.ended_at
        return {
            "activity": dict(self.activity),
            "status": "failed" if self.error or self.ended_at is None else "succeeded",
            "output": self.output,
            "start": _iso(self.began_at),
            "end": _iso(ended_at),
            "duration": ended_at - self.began_at,
            **({"exception": [self.error]} if self.error else {}),
        }


@dataclass
class ActivityLog:
    """The activities of one lab, in order."""

    entries: list[ActivityEntry] = field(default_factory=list)

    @contextmanager
    def activity(self, module: str, function: str, arguments: Mapping[str, Any]) -> Iterator[ActivityEntry]:
        """Record a call of `module.function` with the moments at which the block begins and ends."""
        name = f"{len(self.entries) + 1}: {function}"
        provider = {"type": "python", "module": module, "func": function, "arguments": dict(arguments)}
        entry = ActivityEntry({"type": "action", "name": name, "provider": provider}, time.time())
        self.entries.append(entry)
        try:
            yield entry
        except BaseException as error:
            entry.error = f"{type(error).__name__}: {error}"
            raise
        finally:
            entry.ended_at = time.time()


def _iso(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat()
