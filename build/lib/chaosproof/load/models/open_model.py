"""The open model: requests are due by the clock, whether or not earlier ones have ended.

A due request takes the connection that has been idle longest, so that the whole pool is in use; where none is idle it
waits, and its latency counts on. The queue of waiting requests is two readings of the same schedule: it takes no
memory.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator

from chaosproof.load.connection_pool import ConnectionPool, PooledConnection
from chaosproof.load.outcome import FailureCode, Outcome
from chaosproof.load.timer import Timer

__all__ = ["OpenModel", "Schedule"]

Schedule = Callable[[], Iterator[tuple[int, float]]]


class OpenModel:
    """Sends a schedule over a pool; each call of `schedule` begins it anew: (seq, seconds after the start).

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
        self._idle: deque[PooledConnection] = deque(pool.connections)
        self._loop = asyncio.get_running_loop()
        self._timer = Timer(self._loop, self._send_due)
        self._finished = self._loop.create_future()
        pool.on_idle = self._on_idle

    async def run(self, start: float) -> None:
        """Send from `start` (time.monotonic()) on; return when every request that was due has ended."""
        self._start = start
        if self._next is None:
            self._finish()
        else:
            self._timer.set(start + self._next[1])
        await self._finished

    def stop(self) -> None:
        """Send nothing more, nor what was due and waits. What is in flight goes on."""
        self._next = None
        self._timer.close()
        self._give_up()

    @property
    def _waiting_count(self) -> int:
        return self.due - self.sent - self._given_up

    def _send_due(self) -> None:
        now = time.monotonic() - self._start
        coming = self._next
        while coming is not None and coming[1] <= now:
            self.due += 1
            if self._idle:
                self._send(self._idle.popleft())
            coming = next(self._coming, None)
        self._next = coming
        if coming is not None:
            self._timer.set(self._start + coming[1])
        else:
            self._timer.close()
            self._loop.call_later(self._drain_s, self._give_up)
            self._finish_if_done()

    def _send(self, connection: PooledConnection) -> None:
        seq, offset = next(self._waiting)
        self.sent += 1
        connection.start_request(seq, self._start + offset)

    def _on_idle(self, connection: PooledConnection) -> None:
        if self._waiting_count and not self._pool.closing:
            self._send(connection)
        else:
            self._idle.append(connection)
            if self._next is None:
                self._finish_if_done()

    def _give_up(self) -> None:
        now = time.monotonic()
        while self._waiting_count:
            seq, offset = next(self._waiting)
            self._given_up += 1
            due = self._start + offset
            self._pool.record(Outcome(seq, due, None, now, 0, FailureCode.NOT_SENT, "", 0))
        self._finish_if_done()

    def _finish_if_done(self) -> None:
        if self._next is None and not self._waiting_count and self._pool.inflight == 0:
            self._finish()

    def _finish(self) -> None:
        self._timer.close()
        if not self._finished.done():
            self._finished.set_result(None)
