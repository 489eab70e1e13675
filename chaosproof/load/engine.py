"""A plan, or one process's share of it, being sent: a pool of connections, and the model that feeds it."""

import asyncio
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

from chaosproof.load.cancellation import Cancellation, first_of
from chaosproof.load.closed_model import ClosedModel
from chaosproof.load.connection_pool import ConnectionPool, Ledger
from chaosproof.load.open_model import OpenModel
from chaosproof.load.plan import Plan
from chaosproof.load.protocols.registry import make_driver

__all__ = ["WHOLE", "Engine", "WorkerShare"]

_OPENING_BUDGET_S = 5.0
_GRACE_S = 1.0


@dataclass(frozen=True, slots=True)
class WorkerShare:
    """Every `of`-th request and connection of a plan, from the `index`-th on."""

    index: int
    of: int

    def connections(self, plan: Plan) -> int:
        return len(range(self.index, plan.connections, self.of))

    def schedule(self, plan: Plan) -> Iterator[tuple[int, float]]:
        """The requests of this share: their number in the plan, and seconds after its start."""
        return itertools.islice(enumerate(plan.offsets()), self.index, None, self.of)


WHOLE = WorkerShare(0, 1)


class Engine:
    """Sends a share of a plan; the fate of every request goes to `ledger`."""

    def __init__(self, plan: Plan, ledger: Ledger, share: WorkerShare = WHOLE) -> None:
        self._plan = plan
        self._pool = ConnectionPool(make_driver(plan), share.connections(plan), plan.timeout_s, ledger)
        self._model: OpenModel | ClosedModel
        if plan.model == "open":
            self._model = OpenModel(lambda: share.schedule(plan), self._pool, plan.timeout_s)
        else:
            self._model = ClosedModel(
                self._pool,
                rate_rps=plan.rate_rps,
                planned=plan.planned,
                duration_s=plan.duration_s,
                workers=plan.connections,
                first=share.index,
                step=share.of,
            )

    @property
    def due(self) -> int:
        return self._model.due

    @property
    def sent(self) -> int:
        return self._model.sent

    @property
    def inflight(self) -> int:
        return self._pool.inflight

    async def open(self, stop: Cancellation) -> None:
        """Open the connections, so that no first request waits for one; those that fail stay shut."""
        opening = asyncio.ensure_future(self._pool.open_all(min(_OPENING_BUDGET_S, self._plan.timeout_s)))
        await first_of(opening, stop.asked)
        opening.cancel()

    async def run(self, start: float, stop: Cancellation) -> float:
        """Send from `start` on until all is done, or until `stop`; returns the instant when sending ended.

        After a stop, what is in flight has up to a second to be answered. Instants are of time.monotonic().
        """
        running = asyncio.ensure_future(self._model.run(start))
        await first_of(running, stop.asked)
        ended = time.monotonic()
        if not running.done():
            self._model.stop()
            await first_of(running, stop.at_once, timeout_s=min(_GRACE_S, self._plan.timeout_s))
        self._pool.close()
        await running
        return ended
