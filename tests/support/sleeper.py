"""How late this machine wakes anybody at an instant: what a watchdog's own lateness is held against."""

import subprocess
import time

__all__ = ["Sleeper"]


class Sleeper:
    """A shell that sleeps until the same instant as a watchdog, and says when it woke."""

    def __init__(self, until: float) -> None:
        self._until = until
        sleep = ["sh", "-c", 'sleep "$1"; date +%s.%N', "sh", f"{max(0.0, until - time.time()):.3f}"]
        self._process = subprocess.Popen(sleep, stdout=subprocess.PIPE, text=True)

    def late_s(self) -> float:
        """How long after the instant it woke; 0 where it woke before it."""
        woke_at, _ = self._process.communicate(timeout=60)
        return max(0.0, float(woke_at) - self._until)
