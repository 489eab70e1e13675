"""The closed model: a connection sends its next request when the last has come back, and not before its pace.

As Fortio paces its threads: worker w of c sends its i-th request at (w + i * c) / rate after the start, or,
when the answers are slow, as soon as it is free. What it could not send by the end of the load was never
asked of the server.
"""

import asyncio
import heapq
import math
import time

from chaosproof.load.connection_pool import ConnectionPool, PooledConnection
from chaosproof.load.timer import make_timer

__all__ = ["ClosedModel"]


class ClosedModel:
    """Drives a pool's slots as workers `first`, `first + step`, ... of `workers` in all; no cap if rate is
    None.

    `due` and `sent` count requests begun: here a request is due when its worker is free to send it.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        *,
        rate_rps: float | None,
        planned: int | None,
        duration_s: float,
        workers: int,
        first: int = 0,
        step: int = 1,
    ) -> None:
        self.sent = 0
        self._pool = pool
        self._rate_rps = rate_rps
        self._planned = planned
        self._duration_s = duration_s
        self._workers = workers
        self._call = [first + slot.index * step for slot in pool.slots]
        self._start = 0.0
        self._sleeping: list[tuple[float, int]] = []
        self._rings_at = math.inf
        self._ended = 0
        self._stopped = False
        self._alarm = make_timer(asyncio.get_running_loop(), self._ring)
        self._over = asyncio.get_running_loop().create_future()
        pool.on_free = self._free

    @property
    def due(self) -> int:
        return self.sent

    async def run(self, start: float) -> None:
        """Send from `start` (time.monotonic()) on; return when every worker has had its last answer."""
        self._start = start
        for slot in self._pool.slots:
            self._plan_next(slot, start)
        self._ring()
        await self._over

    def stop(self) -> None:
        """Send nothing more. What is in flight goes on."""
        self._stopped = True
        self._ended += len(self._sleeping)
        self._sleeping.clear()
        self._finish_if_done()

    def _plan_next(self, slot: PooledConnection, now: float) -> None:
        """Put the worker to sleep until its next request is due; or end it, when that is not in this load."""
        call = self._call[slot.index]
        if self._rate_rps is None:
            due = now
            past = False
        else:
            due = max(now, self._start + call / self._rate_rps)
            past = self._planned is not None and call >= self._planned
        if past or self._stopped or self._pool.stopping or due >= self._start + self._duration_s:
            self._ended += 1
            self._finish_if_done()
            return
        self._call[slot.index] = call + self._workers
        heapq.heappush(self._sleeping, (due, slot.index))

    def _ring(self) -> None:
        now = time.monotonic()
        while self._sleeping and self._sleeping[0][0] <= now:
            due, index = heapq.heappop(self._sleeping)
            seq = self.sent
            self.sent += 1
            self._pool.slots[index].begin(seq, due)
        self._rings_at = self._sleeping[0][0] if self._sleeping else math.inf
        if self._sleeping:
            self._alarm.set(self._rings_at)

    def _free(self, slot: PooledConnection) -> None:
        self._plan_next(slot, time.monotonic())
        # Setting the alarm costs more than all else here: a worker that is late already goes on without.
        if self._sleeping and self._sleeping[0][0] < self._rings_at:
            self._ring()

    def _finish_if_done(self) -> None:
        if self._ended == len(self._pool.slots) and not self._over.done():
            self._alarm.close()
            self._over.set_result(None)
