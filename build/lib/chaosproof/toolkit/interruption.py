"""Ctrl-C and SIGTERM during a run: no further activity, the rollbacks, and everything saved.

Chaos Toolkit turns SIGTERM into `InterruptExecution`, which its own Python provider takes for a failed activity
when it arrives in the middle of one: the method then goes on, fault and all. `SystemExit(20)` is the way out
that it documents for its SIGUSR1 ("now, with rollbacks"), and nothing on the way catches it.
"""

import os
import signal
from types import FrameType

__all__ = ["attend_to_signals", "leave_signals"]

_NOW_WITH_ROLLBACKS = 20
_STDERR = 2
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def attend_to_signals() -> None:
    """From here on the first SIGINT or SIGTERM ends the method; later ones do not disturb the clearing up."""
    for signum in _SIGNALS:
        signal.signal(signum, _end)


def leave_signals() -> None:
    """SIGINT as Python has it; Chaos Toolkit puts SIGTERM back itself."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(signum: int, frame: FrameType | None) -> None:
    for ending in _SIGNALS:
        signal.signal(ending, _already)
    raise SystemExit(_NOW_WITH_ROLLBACKS)


def _already(signum: int, frame: FrameType | None) -> None:
    # written past Python's buffers, which the interrupted code may be in the middle of
    os.write(_STDERR, b"The run is already ending: faults are healed, files are saved.\n")
