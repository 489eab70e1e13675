"""Requests that the load generator itself held up: they were due, a connection was free, and nothing was sent.

A request that waits because every connection is busy waits for the system, and its latency is the system's. One that
waits while a connection is free waits for a generator that got no processor, or was stopped: its latency says nothing
of the system.
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from chaosproof.judge.figures.request_stats import LATE_S, RequestStats
from chaosproof.runfolder.requests import REQUESTS, RequestLines
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["held_up", "stood_still"]

# the hundredth that a 99th percentile leaves out
_RATIO_MAX = 0.01
_SILENT_S = 1.5
_PROGRESS_EVERY_S = 0.5


def held_up(run: RunFolder, stats: RequestStats) -> str:
    """How many requests the generator held up, in words, where these are enough to make a percentile; else empty."""
    # rarely more than the first look: the rows are read again only where many of them are late
    if stats.late <= _RATIO_MAX * stats.rows:
        return ""
    waits = sorted(_waits(run))
    late = len(waits) - bisect_right(waits, LATE_S)
    if late <= _RATIO_MAX * stats.rows:
        return ""
    return (
        f"the load generator itself held {late} of {stats.rows} requests up for more than {LATE_S * 1000:.0f} ms, the "
        f"longest for {waits[-1]:.2f} s, while connections were free: no latency of this run is the system's alone; "
        "give the load a processor, or ask for a lower rate_rps"
    )


def stood_still(run: RunFolder) -> str:
    """For how long the generator wrote no progress, in words, where that is long; else empty."""
    duration_s = run.load_plan.duration_s or 0.0
    instants = [row.at for row in run.progress if row.at is not None]
    gap_s = max((after - before for before, after in pairwise(instants)), default=0.0)
    if gap_s <= _SILENT_S or gap_s - _PROGRESS_EVERY_S <= _RATIO_MAX * duration_s:
        return ""
    return (
        f"the load generator stood still for {gap_s - _PROGRESS_EVERY_S:.1f} s: it writes progress twice a second, and "
        f"wrote none for {gap_s:.1f} s; give the load a processor, or ask for a lower rate_rps"
    )


def _waits(run: RunFolder) -> list[float]:
    """For how long each request that was sent waited while a connection was free, in seconds."""
    due_at, sent_at, done_at = array("d"), array("d"), array("d")
    for block in RequestLines(run.path / REQUESTS):
        for line in block:
            try:
                _, due, sent, done, *_ = line.split(",")
                instants = float(due), float(sent), float(done)
            except ValueError:
                continue  # never sent, or no row: both are asked elsewhere
            for column, instant in zip((due_at, sent_at, done_at), instants, strict=True):
                column.append(instant)
    if run.load_plan.closed:
        # here a request is due when its connection is free
        return [sent - due for due, sent in zip(due_at, sent_at, strict=True)]
    free_s = _FreeTime(sent_at, done_at, run.load_plan.connections or 1)
    return [
        free_s.until(sent) - free_s.until(due) if sent - due > LATE_S else 0.0
        for due, sent in zip(due_at, sent_at, strict=True)
    ]


class _FreeTime:
    """For how long at least one of `connections` was free, from the first request on."""

    def __init__(self, sent_at: Sequence[float], done_at: Sequence[float], connections: int) -> None:
        events = sorted([*((at, 1) for at in sent_at), *((at, -1) for at in done_at)])
        self._at, self._free_s, self._is_free = array("d"), array("d"), bytearray()
        busy, free_s, last_at = 0, 0.0, events[0][0] if events else 0.0
        for at, change in events:
            if busy < connections:
                free_s += at - last_at
            busy, last_at = busy + change, at
            self._at.append(at)
            self._free_s.append(free_s)
            self._is_free.append(busy < connections)

    def until(self, instant: float) -> float:
        place = bisect_right(self._at, instant) - 1
        if place < 0:
            return 0.0
        return self._free_s[place] + (instant - self._at[place] if self._is_free[place] else 0.0)
