"""Sends a plan, or the share of it that is for this process, through a pool of connections that a model feeds."""

import asyncio
import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

from chaosproof.load.answer_names import named_answers
from chaosproof.load.cancellation import Cancellation, wait_for_either
from chaosproof.load.connection_pool import ConnectionPool
from chaosproof.load.models.closed_model import ClosedModel
from chaosproof.load.models.open_model import OpenModel
from chaosproof.load.outcome import Recorder
from chaosproof.load.plan import Plan
from chaosproof.load.protocols.registry import make_driver

__all__ = ["WHOLE_PLAN", "ShareSender", "WorkerShare"]

_OPENING_BUDGET_S = 5.0
_GRACE_S = 1.0


@dataclass(frozen=True, slots=True)
class WorkerShare:
    """Every `of`-th request and connection of a plan, from the `index`-th on: what one process sends."""

    index: int
    of: int

    def connection_count(self, plan: Plan) -> int:
        return len(range(self.index, plan.connections, self.of))

    def schedule(self, plan: Plan) -> Iterator[tuple[int, float]]:
        """The requests of this share: their number in the plan, and seconds after its start."""
        return itertools.islice(enumerate(plan.offsets()), self.index, None, self.of)


WHOLE_PLAN = WorkerShare(0, 1)


class ShareSender:
    """Sends a share of a plan; the outcome of every request goes to `record`."""

    def __init__(self, plan: Plan, record: Recorder, worker_share: WorkerShare = WHOLE_PLAN) -> None:
        self._plan = plan
        connections = worker_share.connection_count(plan)
        named = named_answers(record, os.environ)
        self._pool = ConnectionPool(make_driver(plan), connections, plan.timeout_s, named)
        self._model: OpenModel | ClosedModel
        if plan.model == "open":
            self._model = OpenModel(lambda: worker_share.schedule(plan), self._pool, plan.timeout_s)
        else:
            self._model = ClosedModel(self._pool, plan, first=worker_share.index, step=worker_share.of)

    @property
    def due(self) -> int:
        return self._model.due

    @property
    def sent(self) -> int:
        return self._model.sent

    @property
    def inflight(self) -> int:
        return self._pool.inflight

    async def open(self, cancellation: Cancellation) -> None:
        """Open the connections, so that no first request waits for one; those that fail stay closed."""
        opening = asyncio.ensure_future(self._pool.open_all(min(_OPENING_BUDGET_S, self._plan.timeout_s)))
        await wait_for_either(opening, cancellation.requested)
        opening.cancel()

    async def run(self, start: float, cancellation: Cancellation) -> float:
        """Send from `start` on until all is done, or until the load is cancelled; returns when sending ended.

        After a cancellation, requests in flight have up to a second for their responses. Instants are of
        time.monotonic().
        """
        running = asyncio.ensure_future(self._model.run(start))
        await wait_for_either(running, cancellation.requested)
        ended = time.monotonic()
        if not running.done():
            self._model.stop()
            grace_s = min(_GRACE_S, self._plan.timeout_s)
            await wait_for_either(running, cancellation.immediate, timeout_s=grace_s)
        self._pool.close()
        await running
        return ended
