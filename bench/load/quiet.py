"""How busy the machine was with other things while a benchmark ran: figures of a busy machine say little."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["others_watched"]

_BUSY = 0.05


@contextmanager
def others_watched() -> Iterator[None]:
    """Print afterwards what share of the CPU time went to processes that are not of the benchmark."""
    busy, own, began = _busy_s(), _own_s(), time.monotonic()
    yield
    others_s = _busy_s() - busy - (_own_s() - own)
    share = others_s / (time.monotonic() - began) / (os.cpu_count() or 1)
    warning = ": too many for the figures to be good" if share > _BUSY else ""
    print(f"\n  {max(0.0, share):.0%} of the machine's CPU time went to others{warning}")


def _busy_s() -> float:
    """The CPU seconds of all processes since the start of the machine (proc(5): user, nice, system)."""
    ticks = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:4]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def _own_s() -> float:
    """The CPU seconds of this process and of all those of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
