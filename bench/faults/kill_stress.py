"""Watches stress-ng from outside: a machine is whole when none of its processes is there any more."""

import threading
import time
from collections.abc import Mapping

from bench.faults.kill_room import Process, processes
from bench.faults.prober import Try

__all__ = ["StressWatch"]

_PAUSE_S = 0.05
_BEGINS_WITHIN_S = 0.5


class StressWatch:
    """Looks for the stress of each instance, known by how much memory it was told to take.

    `with StressWatch({"server-0": 8}) as watch:` looks all the time; a look that finds it is a try that failed.
    """

    def __init__(self, memory_mb: Mapping[str, int]) -> None:
        self._memory_mb = memory_mb
        self._leaders: dict[str, list[Process]] = {}
        self._tries: dict[str, list[Try]] = {name: [] for name in memory_mb}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "StressWatch":
        if self._memory_mb:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._memory_mb:
            self._thread.join()

    def tries(self) -> Mapping[str, list[Try]]:
        """All looks, by instance, in order."""
        return self._tries

    def kill_leader(self, instance: str) -> int:
        """SIGKILL to the one that keeps the time; how many that were."""
        give_up_at = time.monotonic() + _BEGINS_WITHIN_S
        # a look of our own takes longer than there is time just before the end, where stress is on every processor
        leaders = self._leaders.get(instance, [])
        # on a busy machine it may not have begun yet
        while not leaders and time.monotonic() < give_up_at:
            leaders = [one for one in processes() if f"{self._memory_mb[instance]}m" in one.argv]
        return sum(one.kill() for one in leaders)

    def _look(self) -> None:
        while not self._stop.wait(_PAUSE_S):
            at = time.time()
            there = [one for one in processes() if one.argv[0].startswith("stress-ng")]
            for name, memory_mb in self._memory_mb.items():
                leaders = [one for one in there if f"{memory_mb}m" in one.argv]
                if leaders:
                    self._leaders[name] = leaders
                sessions = {one.session for one in self._leaders.get(name, [])}
                gone = all(one.session not in sessions for one in there)
                self._tries[name].append(Try(at, time.time(), gone))
