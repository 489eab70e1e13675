"""The closed model: a connection sends its next request when its last has ended, and not before its pace.

As Fortio paces its threads: connection w of c sends its i-th request at (w + i * c) / rate after the start, or, when
responses are slow, as soon as it is free. What it could not send by the end of the load is never sent.
"""

import asyncio
import heapq
import math
import time

from chaosproof.load.connection_pool import ConnectionPool, PooledConnection
from chaosproof.load.plan import Plan
from chaosproof.load.timer import Timer

__all__ = ["ClosedModel"]


class ClosedModel:
    """Drives the connections of `pool` as those with the numbers `first`, `first + step`, ... of the whole plan.

    `due` and `sent` count requests begun: here a request is due when its connection is free to send it.
    """

    def __init__(self, pool: ConnectionPool, plan: Plan, *, first: int = 0, step: int = 1) -> None:
        self.sent = 0
        self._pool = pool
        self._plan = plan
        self._planned = plan.planned
        self._next_number = [first + connection.index * step for connection in pool.connections]
        self._start = 0.0
        self._waiting: list[tuple[float, int]] = []
        self._timer_at = math.inf
        self._ended_connections = 0
        self._stopped = False
        self._timer = Timer(asyncio.get_running_loop(), self._send_due)
        self._finished = asyncio.get_running_loop().create_future()
        pool.on_idle = self._on_idle

    @property
    def due(self) -> int:
        return self.sent

    async def run(self, start: float) -> None:
        """Send from `start` (time.monotonic()) on; return when the last request of every connection has ended."""
        self._start = start
        for connection in self._pool.connections:
            self._plan_next(connection, start)
        self._send_due()
        await self._finished

    def stop(self) -> None:
        """Send nothing more. What is in flight goes on."""
        self._stopped = True
        self._ended_connections += len(self._waiting)
        self._waiting.clear()
        self._finish_if_done()

    def _plan_next(self, connection: PooledConnection, now: float) -> None:
        """Let the connection wait until its next request is due, or end where that is not in this load."""
        number, rate_rps = self._next_number[connection.index], self._plan.rate_rps
        due = now if rate_rps is None else max(now, self._start + number / rate_rps)
        past = self._planned is not None and number >= self._planned
        if past or self._stopped or self._pool.closing or due >= self._start + self._plan.duration_s:
            self._ended_connections += 1
            self._finish_if_done()
            return
        self._next_number[connection.index] = number + self._plan.connections
        heapq.heappush(self._waiting, (due, connection.index))

    def _send_due(self) -> None:
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            due, index = heapq.heappop(self._waiting)
            seq = self.sent
            self.sent += 1
            self._pool.connections[index].start_request(seq, due)
        self._timer_at = self._waiting[0][0] if self._waiting else math.inf
        if self._waiting:
            self._timer.set(self._timer_at)

    def _on_idle(self, connection: PooledConnection) -> None:
        self._plan_next(connection, time.monotonic())
        # Setting the timer costs more than all else here: a connection that is late already goes on without.
        if self._waiting and self._waiting[0][0] < self._timer_at:
            self._send_due()

    def _finish_if_done(self) -> None:
        if self._ended_connections == len(self._pool.connections) and not self._finished.done():
            self._timer.close()
            self._finished.set_result(None)
