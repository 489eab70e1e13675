"""Whether the load went on behind what is over in a moment, for as long as it takes to see what that did to requests.

The figures look at users through a sliding second of requests (`recovery.WINDOW_S`): what begins less than a second
before the last request shows in none of them, whatever it does. What takes longer is to be under the load for half of
its time besides, as a fault of ours is.
"""

import math

from chaosproof.judge.figures.recovery import WINDOW_S

__all__ = ["LOADED_RATIO_MIN", "too_short_behind"]

# of a fault's time, how much there must be a load for: what outlives its load is no recovery's witness
LOADED_RATIO_MIN = 0.5
# journals write microseconds
_ROUNDING_S = 2e-6


def too_short_behind(began_at: float, ended_at: float | None, last_due_at: float) -> str:
    """Why a load whose last request was due then shows nothing of what began and ended so; empty where it may.

    All are Unix seconds; an end that is not known is that of something over at once.
    """
    lasted_s = 0.0 if ended_at is None or not math.isfinite(ended_at) else max(0.0, ended_at - began_at)
    needed_s = LOADED_RATIO_MIN * lasted_s + WINDOW_S
    behind_s = last_due_at - began_at
    if behind_s >= needed_s - _ROUNDING_S:
        return ""
    return (
        f"the load went on for {max(behind_s, 0):.2f} s behind it, and what it does to requests takes "
        f"{needed_s:.2f} s to be seen"
    )
