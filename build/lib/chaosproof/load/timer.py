"""A timer that expires on time: an event loop's own timers are whole milliseconds, a timerfd is exact.

The kernel's timer wakes the loop through a file descriptor.
"""

import asyncio
import ctypes
import os
import time
from collections.abc import Callable

__all__ = ["Timer"]

_CLOCK_MONOTONIC = 1
_TFD_TIMER_ABSTIME = 1
# A sleeping core takes some 50 to 100 us to wake. The timer is set that much early, and the rest is waited
# out awake: less than 1 % of a core at 200 calls a second. Where calls follow closely the core does not
# fall asleep between them.
_LEAD_S = 0.0001
_LEAD_WORTH_S = 0.0005


class _Itimerspec(ctypes.Structure):
    """struct itimerspec of timerfd_settime(2): an interval that stays zero, then the instant."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("at_s", ctypes.c_long),
        ("at_ns", ctypes.c_long),
    )


class Timer:
    """Calls `callback` once for every `set`; a later `set` replaces an earlier one."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._loop = loop
        self._callback = callback
        self._at = 0.0
        self._settime = libc.timerfd_settime
        self._fd = libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create failed")
        self._spec = _Itimerspec()
        self._spec_ref = ctypes.byref(self._spec)
        loop.add_reader(self._fd, self._on_readable)

    def set(self, at: float) -> None:
        """Expire at `at`, an instant of time.monotonic(); at once when that has passed."""
        self._at = at
        if at - time.monotonic() > _LEAD_WORTH_S:
            at -= _LEAD_S
        # An instant of zero would disarm the timer; setting it anew also takes back an expiry not yet read.
        ns = max(1, int(at * 1e9))
        self._spec.at_s, self._spec.at_ns = divmod(ns, 1_000_000_000)
        self._settime(self._fd, _TFD_TIMER_ABSTIME, self._spec_ref, None)

    def _on_readable(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:
            return
        while time.monotonic() < self._at:
            pass
        self._callback()

    def close(self) -> None:
        """Never expire again."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
