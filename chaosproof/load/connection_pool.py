"""The connections of a load: each slot holds at most one connection with at most one request on it.

A slot hears of answers and losses from its connection, tries a request again where a client must, enforces
its timeout, and hands every request's fate to the ledger exactly once. Which request comes next is the
model's affair.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from chaosproof.load.protocols.base import (
    BUG,
    CLOSED_EARLY,
    CONNECT_TIMEOUT,
    CONNECTION_RESET,
    STOPPED,
    TIMEOUT,
    Connection,
    Driver,
    OpenError,
)

__all__ = ["ConnectionPool", "Ledger", "PooledConnection"]

_OPENING_AT_ONCE = 32


class Ledger(Protocol):
    """Where the fate of every request is written; instants are of time.monotonic()."""

    def add(
        self,
        seq: int,
        due: float,
        sent: float | None,
        done: float,
        status: int,
        code: str,
        instance: str,
        attempts: int,
    ) -> None:
        """One request has ended."""


class PooledConnection:
    """One place for a connection, in a pool. `begin` only when it is not busy."""

    __slots__ = (
        "_answers",
        "_attempts",
        "_connection",
        "_due",
        "_opening",
        "_pool",
        "_reused",
        "_sent",
        "_seq",
        "busy",
        "index",
    )

    def __init__(self, pool: "ConnectionPool", index: int) -> None:
        self.index = index
        self.busy = False
        self._pool = pool
        self._connection: Connection | None = None
        self._opening: asyncio.Task[Connection] | None = None
        self._answers = 0
        self._reused = False
        self._seq = 0
        self._due = 0.0
        self._sent = 0.0
        self._attempts = 0

    @property
    def sent(self) -> float:
        return self._sent

    def begin(self, seq: int, due: float) -> None:
        """Put request `seq` on this slot's connection, which is opened first where there is none."""
        self.busy = True
        self._seq = seq
        self._due = due
        self._attempts = 1
        self._sent = time.monotonic()
        self._pool.begun(self)
        connection = self._connection
        if connection is None:
            self._reused = False
            self.open()
        else:
            self._reused = True
            connection.send(seq)

    def open(self) -> None:
        """Begin to open a connection, unless there is one or one is being opened."""
        if self._connection is None and self._opening is None:
            self._answers = 0
            self._opening = asyncio.get_running_loop().create_task(self._pool.driver.open(self))
            self._opening.add_done_callback(self._opened)

    async def opened(self) -> None:
        """Return when no connection is being opened here."""
        if self._opening is not None:
            await asyncio.wait({self._opening})

    def answered(self, at: float, status: int, code: str, instance: str, reusable: bool) -> None:
        self._answers += 1
        if not reusable:
            self._drop()
        self._end(at, status, code, instance)

    def lost(self, code: str, answer_begun: bool) -> None:
        if self._connection is None:
            return  # lost before it was ours: `_opened` sees that
        self._connection = None
        if not self.busy:
            # Closed while idle: reopened now, so that no request has to wait for it. A server that hangs up
            # before it ever answered gets no new connection until a request needs one.
            if self._answers and not self._pool.stopping:
                self.open()
        elif self._may_try_again(code, answer_begun):
            self._attempts += 1
            self._reused = False
            self.open()
        else:
            self._end(time.monotonic(), 0, code, "")

    def expire(self) -> None:
        """The request on this slot has had its time."""
        code = CONNECT_TIMEOUT if self._connection is None else TIMEOUT
        self._drop()
        self._end(time.monotonic(), 0, code, "")

    def abandon(self) -> None:
        """The load is over: end the request that is here, if any, and drop the connection."""
        self._drop()
        if self.busy:
            self._end(time.monotonic(), 0, STOPPED, "")

    def _opened(self, task: "asyncio.Task[Connection]") -> None:
        if task is not self._opening:
            if not task.cancelled() and task.exception() is None:
                task.result().close()
            return
        self._opening = None
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._connection = connection = task.result()
            if connection.lost_code:
                self.lost(connection.lost_code, answer_begun=False)
            elif self.busy:
                connection.send(self._seq)
            return
        if not isinstance(error, OpenError):
            what = {"message": "a connection was not opened", "exception": error}
            asyncio.get_running_loop().call_exception_handler(what)
        if self.busy:
            self._end(time.monotonic(), 0, error.code if isinstance(error, OpenError) else BUG, "")

    def _may_try_again(self, code: str, answer_begun: bool) -> bool:
        """A kept-alive connection that died before one byte of the answer says nothing of the server.

        As in Go's net/http and in browsers (RFC 9110, section 9.2.2): idempotent requests only, and once.
        """
        return (
            self._reused
            and not answer_begun
            and code in (CLOSED_EARLY, CONNECTION_RESET)
            and self._pool.driver.idempotent
            and not self._pool.stopping
        )

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._opening is not None:
            opening, self._opening = self._opening, None
            opening.cancel()

    def _end(self, at: float, status: int, code: str, instance: str) -> None:
        self.busy = False
        pool = self._pool
        pool.ended(self)
        pool.ledger.add(self._seq, self._due, self._sent, at, status, code, instance, self._attempts)
        pool.on_free(self)


class ConnectionPool:
    """All slots of a load, and the one timer that enforces their timeout.

    `on_free` is called with a slot whose request has just ended; the model sets it.
    """

    def __init__(self, driver: Driver, connections: int, timeout_s: float, ledger: Ledger) -> None:
        self.driver = driver
        self.ledger = ledger
        self.slots = tuple(PooledConnection(self, index) for index in range(connections))
        self.on_free: Callable[[PooledConnection], None] = lambda slot: None
        self.stopping = False
        self._timeout_s = timeout_s
        # In order of sending, since a dict keeps it: with one timeout for all, the first is always the next
        # to expire.
        self._busy: dict[PooledConnection, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def inflight(self) -> int:
        return len(self._busy)

    async def open_all(self, budget_s: float) -> None:
        """Open every connection, a few at a time, for at most `budget_s`; who cannot will try when used."""
        waiting = iter(self.slots)

        async def open_some() -> None:
            for slot in waiting:
                slot.open()
                await slot.opened()

        openers = [asyncio.ensure_future(open_some()) for _ in range(min(_OPENING_AT_ONCE, len(self.slots)))]
        _, late = await asyncio.wait(openers, timeout=budget_s)
        for opener in late:
            opener.cancel()

    def begun(self, slot: PooledConnection) -> None:
        self._busy[slot] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._timeout_s, self._expire_due)

    def ended(self, slot: PooledConnection) -> None:
        del self._busy[slot]

    def close(self) -> None:
        """End what is in flight as stopped, and close every connection."""
        self.stopping = True
        for slot in self.slots:
            slot.abandon()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire_due(self) -> None:
        now = time.monotonic()
        while self._busy:
            slot = next(iter(self._busy))
            left_s = slot.sent + self._timeout_s - now
            if left_s > 0:
                # The loop's timers are whole milliseconds: a ring just too early would only ring again.
                self._timer = asyncio.get_running_loop().call_later(left_s + 0.0005, self._expire_due)
                return
            slot.expire()
        self._timer = None
