"""One JSON line on stdout per notable event; requests are counted in metrics, not logged."""

import json
import sys
import time
from collections.abc import Callable
from typing import TextIO

__all__ = ["Log", "json_lines"]

Log = Callable[..., None]
"""`log("ready", slot=1)`: an event's name and its facts."""


def json_lines(instance: str, *, clock: Callable[[], float] = time.time, out: TextIO | None = None) -> Log:
    """A log that writes `{"at": seconds since the epoch, "instance", "event", ...facts}` and flushes."""
    stream = out if out is not None else sys.stdout

    def log(event: str, **facts: object) -> None:
        line = {"at": round(clock(), 6), "instance": instance, "event": event, **facts}
        stream.write(json.dumps(line) + "\n")
        stream.flush()

    return log
