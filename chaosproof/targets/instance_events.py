"""What happens to instances, written as it happens: the rows of a run's readiness file."""

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path

__all__ = ["DOWN", "LAB", "Event", "append_events"]

LAB, DOWN = "lab", "down"
"""The row of a lab as a whole that ends, in place of an instance; its detail is the command that ended it, if any."""

Event = tuple[str, str, str]
"""(instance, what happened in readiness.ndjson's words, detail)."""


def append_events(file: Path | None, events: Iterable[Event], at: float | None = None) -> None:
    """Append the events, if there is a file for them: those of now, or of the very instant `at` (Unix seconds)."""
    if file is None:
        return
    when = {"at": round(at or time.time(), 6)} | ({"exact": True} if at else {})
    rows = [{**when, "instance": name, "event": event, "detail": detail} for name, event, detail in events]
    try:
        with file.open("a", encoding="utf-8") as out:
            out.writelines(json.dumps(row) + "\n" for row in rows)
    except OSError as error:
        # The run goes on: one whose readiness file has gaps is judged as such, not killed.
        print(f"cannot write {file}: {error.strerror}", file=sys.stderr, flush=True)
