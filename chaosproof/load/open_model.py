"""The open model: requests are due by the clock, whether or not earlier ones have come back.

A due request takes the connection that has been idle longest, so that the whole pool is in use; where none
is idle it waits, and its latency counts on. The queue of the waiting is two readings of the same schedule:
it takes no memory.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator

from chaosproof.load.connection_pool import ConnectionPool, PooledConnection
from chaosproof.load.protocols.base import NOT_SENT
from chaosproof.load.timer import make_timer

__all__ = ["OpenModel", "Schedule"]

Schedule = Callable[[], Iterator[tuple[int, float]]]


class OpenModel:
    """Sends a schedule over a pool; every call of `schedule` begins it anew: (seq, seconds after the start).

    `due` counts the requests whose instant has come, `sent` those that got a connection.
    """

    def __init__(self, schedule: Schedule, pool: ConnectionPool, drain_s: float) -> None:
        self.due = 0
        self.sent = 0
        self._given_up = 0
        self._pool = pool
        self._drain_s = drain_s
        self._start = 0.0
        self._coming = schedule()
        self._waiting = schedule()
        self._next = next(self._coming, None)
        self._idle: deque[PooledConnection] = deque(pool.slots)
        self._loop = asyncio.get_running_loop()
        self._alarm = make_timer(self._loop, self._ring)
        self._over = self._loop.create_future()
        pool.on_free = self._free

    async def run(self, start: float) -> None:
        """Send from `start` (time.monotonic()) on; return when every request due has its fate."""
        self._start = start
        if self._next is None:
            self._finish()
        else:
            self._alarm.set(start + self._next[1])
        await self._over

    def stop(self) -> None:
        """Send nothing more; who was due and waits is not sent. What is in flight goes on."""
        self._next = None
        self._alarm.close()
        self._give_up()

    @property
    def _waiting_count(self) -> int:
        return self.due - self.sent - self._given_up

    def _ring(self) -> None:
        now = time.monotonic() - self._start
        coming = self._next
        while coming is not None and coming[1] <= now:
            self.due += 1
            if self._idle:
                self._send(self._idle.popleft())
            coming = next(self._coming, None)
        self._next = coming
        if coming is not None:
            self._alarm.set(self._start + coming[1])
        else:
            self._alarm.close()
            self._loop.call_later(self._drain_s, self._give_up)
            self._finish_if_done()

    def _send(self, slot: PooledConnection) -> None:
        seq, offset = next(self._waiting)
        self.sent += 1
        slot.begin(seq, self._start + offset)

    def _free(self, slot: PooledConnection) -> None:
        if self._waiting_count and not self._pool.stopping:
            self._send(slot)
        else:
            self._idle.append(slot)
            if self._next is None:
                self._finish_if_done()

    def _give_up(self) -> None:
        now = time.monotonic()
        while self._waiting_count:
            seq, offset = next(self._waiting)
            self._given_up += 1
            self._pool.ledger.add(seq, self._start + offset, None, now, 0, NOT_SENT, "", 0)
        self._finish_if_done()

    def _finish_if_done(self) -> None:
        if self._next is None and not self._waiting_count and self._pool.inflight == 0:
            self._finish()

    def _finish(self) -> None:
        self._alarm.close()
        if not self._over.done():
            self._over.set_result(None)
