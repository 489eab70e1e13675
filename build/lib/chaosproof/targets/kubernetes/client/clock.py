"""How far a pod's clock is from this machine's: rows are timed there, and the fault's instants here."""

import time
from contextlib import suppress

from chaosproof.errors import ChaosproofError
from chaosproof.targets.base import Target

__all__ = ["clock_offset_s"]

_TRIES = 3


def clock_offset_s(target: Target) -> float | None:
    """Seconds that the first instance's clock is ahead (below zero: behind), by the quickest of three questions.

    Certain to half of what the question takes, some 50 ms. None when it cannot be asked.
    """
    instance = target.instances()[0].name
    best: tuple[float, float] | None = None
    for _ in range(_TRIES):
        with suppress(ChaosproofError, ValueError):
            sent_at = time.time()
            pod_time_s = float(target.run(instance, ["date", "+%s.%N"]).stdout)
            took_s = time.time() - sent_at
            # the command is at its end when it prints: the way back is the smaller part
            offset_s = pod_time_s - (sent_at + took_s / 2)
            best = min(best or (took_s, offset_s), (took_s, offset_s))
    return None if best is None else round(best[1], 3)
