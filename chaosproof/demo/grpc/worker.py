"""The one worker of app-b, and its memory: work with an id is done once, however often it is asked for.

Calls wait in line for a lock, without a bound: this is the service that jams when its caller does not protect
it. A repeated id within the time to live gets the first one's answer, or waits for the one under way.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chaosproof.demo.grpc.metrics import WorkerMetrics

__all__ = ["Conditions", "Rejected", "Worker"]

_EXECUTED_KEPT = 200_000


@dataclass(frozen=True, slots=True)
class Conditions:
    """How the worker works: `delay_s` for each id, and `fail_ratio` of the calls rejected before the line."""

    delay_s: float
    fail_ratio: float


class Rejected(Exception):
    """The injected transient failure; nothing was done, and the same id may try again."""


@dataclass(eq=False)
class _Job:
    """One execution: its task, who waits for it, whether it got the worker, and when it is forgotten."""

    task: "asyncio.Task[None]"
    waiting: int = 0
    started: bool = False
    expires_at: float = float("inf")


class Worker:
    """Works on one id at a time, under `conditions()` as they are when a call arrives and when its work begins."""

    def __init__(
        self,
        *,
        conditions: Callable[[], Conditions],
        ttl_s: float,
        metrics: WorkerMetrics,
        random: Callable[[], float],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._conditions = conditions
        self._ttl_s = ttl_s
        self._metrics = metrics
        self._random = random
        self._clock = clock
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._jobs: dict[str, _Job] = {}
        self._done: dict[str, _Job] = {}
        self.executed: deque[str] = deque(maxlen=_EXECUTED_KEPT)
        """The ids whose work was done, in order, repeated ones repeatedly; the oldest are forgotten."""

    async def work(self, id: str) -> None:
        """Return when the work of `id` is done; raises `Rejected`.

        A caller that goes away while its work is still in line takes it out of the line, unless another
        waits for the same id. Work that has begun is finished, and remembered.
        """
        self._metrics.received.inc()
        self._forget()
        job = self._jobs.get(id) or self._done.get(id)
        if job is not None:
            self._metrics.duplicates.inc()
        elif self._random() < self._conditions().fail_ratio:
            self._metrics.failed.labels("injected").inc()
            raise Rejected
        else:
            job = self._jobs[id] = _Job(asyncio.ensure_future(self._execute(id)))
        job.waiting += 1
        try:
            await asyncio.shield(job.task)
        finally:
            job.waiting -= 1
            if not job.started and not job.waiting and self._jobs.get(id) is job:
                del self._jobs[id]
                job.task.cancel()
                self._metrics.failed.labels("abandoned").inc()

    async def _execute(self, id: str) -> None:
        arrived_at = self._clock()
        with self._metrics.queued.track_inprogress():
            await self._turn.acquire()
        try:
            job = self._jobs[id]
            job.started = True
            started_at = self._clock()
            self._metrics.started.inc()
            self._metrics.queue_wait.observe(started_at - arrived_at)
            with self._metrics.busy.track_inprogress():
                # Again for what is left: uvloop cuts a wait to whole milliseconds, so it may wake up early.
                ends_at = started_at + self._conditions().delay_s
                await self._sleep(ends_at - started_at)
                while (left_s := ends_at - self._clock()) > 0:
                    await self._sleep(left_s)
            self._metrics.processing.observe(self._clock() - started_at)
            self._metrics.completed.inc()
            self.executed.append(id)
            job.expires_at = self._clock() + self._ttl_s
            self._done[id] = self._jobs.pop(id)
        finally:
            self._turn.release()

    def _forget(self) -> None:
        """Drop what has expired; all live equally long, so the oldest stand first."""
        now = self._clock()
        while self._done:
            oldest = next(iter(self._done))
            if self._done[oldest].expires_at > now:
                break
            del self._done[oldest]
