"""A clock that goes on only when somebody sleeps: a run of half a minute takes a few milliseconds of it."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from typing import Any
from unittest.mock import patch

import chaoslib.activity
import chaoslib.run

__all__ = ["Clock"]

# whoever polls every few milliseconds would make a run slow
_STEP_S = 0.05
_BEGIN_S = 1_900_000_000.0


class Clock:
    """Now, in Unix seconds; `on_tick` is called each time that it has moved."""

    def __init__(self) -> None:
        self.now = _BEGIN_S
        self.on_tick: Callable[[], None] = lambda: None

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.advance_to(self.now + max(seconds, _STEP_S))

    def advance_to(self, instant: float) -> None:
        """Go there in steps small enough that what ends on the way is seen to end then."""
        while self.now < instant:
            self.now = min(instant, self.now + _STEP_S)
            self.on_tick()

    @contextmanager
    def in_place_of_the_real_one(self) -> Iterator[None]:
        """Until the end of the `with`, Python's `time` and the toolkit's own dates are this clock's."""
        clock = self

        class Dates(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Any:
                return datetime.fromtimestamp(clock.now, tz or UTC)

        with (
            patch.object(time, "time", self.time),
            patch.object(time, "monotonic", self.time),
            patch.object(time, "sleep", self.sleep),
            patch.object(chaoslib.activity, "datetime", Dates),
            patch.object(chaoslib.run, "datetime", Dates),
            # the folder of a made-up run need not outlive a power cut
            patch.object(os, "fsync", lambda descriptor: None),
            patch.object(os, "fdatasync", lambda descriptor: None),
        ):
            yield
