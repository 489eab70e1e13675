"""Ctrl-C and SIGTERM during a run: no further activity, the rollbacks, and everything saved.

Chaos Toolkit turns SIGTERM into `InterruptExecution`, which its own Python provider takes for a failed activity
when it arrives in the middle of one: the method then goes on, fault and all. `SystemExit(20)` is the way out
that it documents for its SIGUSR1 ("now, with rollbacks"), and nothing on the way catches it.
"""

import os
import signal
from collections.abc import MutableMapping
from types import FrameType
from typing import Any

__all__ = ["EndingSignals", "leave_signals"]

_NOW_WITH_ROLLBACKS = 20
_STDERR = 2
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class EndingSignals:
    """From `attend` on the first SIGINT or SIGTERM ends the method, and is `received`, empty until then; later ones do
    not disturb the clearing up.
    """

    def __init__(self) -> None:
        self.received = ""

    def attend(self) -> None:
        for signum in _SIGNALS:
            signal.signal(signum, self._end)

    def note_in(self, journal: MutableMapping[str, Any]) -> None:
        """Say in the journal of an interrupted run which signal it was, in the words of Chaos Toolkit 1.21.

        There the toolkit listens itself, and no longer once these handlers are in place of its own.
        """
        if self.received and journal.get("status") == "interrupted" and not journal.get("interruption"):
            reason = f"received {self.received}"
            journal["interruption"] = {"kind": "signal", "name": self.received, "reason": reason}

    def _end(self, signum: int, frame: FrameType | None) -> None:
        self.received = signal.Signals(signum).name
        for ending in _SIGNALS:
            signal.signal(ending, _already)
        raise SystemExit(_NOW_WITH_ROLLBACKS)


def leave_signals() -> None:
    """SIGINT as Python has it; Chaos Toolkit puts SIGTERM back itself."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _already(signum: int, frame: FrameType | None) -> None:
    # written past Python's buffers, which the interrupted code may be in the middle of
    os.write(_STDERR, b"The run is already ending: faults are healed, files are saved.\n")
