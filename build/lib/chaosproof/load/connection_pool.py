"""The connections of a load, with at most one request on each.

A pooled connection opens its connection, sends a request, sends it again where a client must, enforces its timeout, and
hands the outcome of every request to the recorder exactly once. Which request comes next is for the model to choose.
"""

import asyncio
import time
from collections.abc import Callable

from chaosproof.load.outcome import FailureCode, Outcome, Recorder
from chaosproof.load.protocols.base import Connection, Driver, OpenError

__all__ = ["ConnectionPool", "PooledConnection"]

_OPENING_AT_ONCE = 32


class PooledConnection:
    """A place in the pool for one connection, which is opened anew when it is lost. It is the `ResponseHandler` of its
    connection. Call `start_request` only when it is not busy.
    """

    __slots__ = (
        "_attempts",
        "_connection",
        "_due",
        "_opening",
        "_pool",
        "_responses",
        "_reused",
        "_seq",
        "busy",
        "index",
        "sent",
    )

    def __init__(self, pool: "ConnectionPool", index: int) -> None:
        self.index = index
        self.busy = False
        self._pool = pool
        self._connection: Connection | None = None
        self._opening: asyncio.Task[Connection] | None = None
        self._responses = 0
        self._reused = False
        self._seq = 0
        self._due = 0.0
        self.sent = 0.0
        self._attempts = 0

    def start_request(self, seq: int, due: float) -> None:
        """Send request `seq`, after opening a connection where there is none."""
        self.busy = True
        self._seq = seq
        self._due = due
        self._attempts = 1
        self.sent = time.monotonic()
        self._pool.request_started(self)
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
            self._responses = 0
            self._opening = asyncio.get_running_loop().create_task(self._pool.driver.open(self))
            self._opening.add_done_callback(self._on_opened)

    async def wait_until_opened(self) -> None:
        """Return when no connection is being opened here."""
        if self._opening is not None:
            await asyncio.wait({self._opening})

    def response_received(self, at: float, status: int, code: str, instance: str, reusable: bool) -> None:
        self._responses += 1
        if not reusable:
            self._drop_connection()
        self._finish_request(at, status, code, instance)

    def connection_lost(self, code: str, response_begun: bool, unread: bool = False) -> None:
        if self._connection is None:
            return  # lost before it was ours: `_on_opened` sees that
        self._connection = None
        if not self.busy:
            # Closed while idle: reopened now, so that no request has to wait for it. A server that hangs up
            # before its first response gets no new connection until a request needs one.
            if self._responses and not self._pool.closing:
                self.open()
        elif self._may_try_again(code, response_begun, unread):
            self._attempts += 1
            self._reused = False
            self.open()
        else:
            self._finish_request(time.monotonic(), 0, code, "")

    def time_out(self) -> None:
        """End the request that is here: its time is over."""
        code = FailureCode.CONNECT_TIMEOUT if self._connection is None else FailureCode.TIMEOUT
        self._drop_connection()
        self._finish_request(time.monotonic(), 0, code, "")

    def abort(self) -> None:
        """The load is over: drop the connection, and end the request that is here as stopped."""
        self._drop_connection()
        if self.busy:
            self._finish_request(time.monotonic(), 0, FailureCode.STOPPED, "")

    def _on_opened(self, task: "asyncio.Task[Connection]") -> None:
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
                self.connection_lost(connection.lost_code, response_begun=False)
            elif self.busy:
                connection.send(self._seq)
            return
        if not isinstance(error, OpenError):
            context = {"message": "a connection was not opened", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)
        if self.busy:
            self._finish_request(
                time.monotonic(), 0, error.code if isinstance(error, OpenError) else FailureCode.BUG, ""
            )

    def _may_try_again(self, code: str, response_begun: bool, unread: bool) -> bool:
        """A kept-alive connection that died before one byte of the response says nothing of the server.

        As in Go's net/http and in browsers (RFC 9110, section 9.2.2): once, and idempotent requests only, or one that
        cannot have been read: a server may close what is idle at any time.
        """
        return (
            self._reused
            and not response_begun
            and code in (FailureCode.CLOSED_EARLY, FailureCode.CONNECTION_RESET)
            and (self._pool.driver.idempotent or unread)
            and not self._pool.closing
        )

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._opening is not None:
            opening, self._opening = self._opening, None
            opening.cancel()

    def _finish_request(self, at: float, status: int, code: str, instance: str) -> None:
        self.busy = False
        pool = self._pool
        pool.request_finished(self)
        pool.record(Outcome(self._seq, self._due, self.sent, at, status, code, instance, self._attempts))
        pool.on_idle(self)


class ConnectionPool:
    """All connections of a load, and the one timer that enforces their timeout.

    `on_idle` is called with a connection whose request has just ended; the model sets it.
    """

    def __init__(self, driver: Driver, connections: int, timeout_s: float, record: Recorder) -> None:
        self.driver = driver
        self.record = record
        self.connections = tuple(PooledConnection(self, index) for index in range(connections))
        self.on_idle: Callable[[PooledConnection], None] = lambda connection: None
        self.closing = False
        self._timeout_s = timeout_s
        # In order of sending, since a dict keeps it: with one timeout for all, the first is always the next
        # to expire.
        self._busy: dict[PooledConnection, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def inflight(self) -> int:
        return len(self._busy)

    async def open_all(self, budget_s: float) -> None:
        """Open every connection, a few at a time, for at most `budget_s`; those that fail are opened when used."""
        waiting = iter(self.connections)

        async def open_some() -> None:
            for connection in waiting:
                connection.open()
                await connection.wait_until_opened()

        openers = [
            asyncio.ensure_future(open_some()) for _ in range(min(_OPENING_AT_ONCE, len(self.connections)))
        ]
        _, late = await asyncio.wait(openers, timeout=budget_s)
        for opener in late:
            opener.cancel()

    def request_started(self, connection: PooledConnection) -> None:
        self._busy[connection] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._timeout_s, self._time_out_due)

    def request_finished(self, connection: PooledConnection) -> None:
        del self._busy[connection]

    def close(self) -> None:
        """End what is in flight as stopped, and close every connection."""
        self.closing = True
        for connection in self.connections:
            connection.abort()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_out_due(self) -> None:
        now = time.monotonic()
        while self._busy:
            connection = next(iter(self._busy))
            left_s = connection.sent + self._timeout_s - now
            if left_s > 0:
                # The loop's timers are whole milliseconds: a call just too early would only come again.
                self._timer = asyncio.get_running_loop().call_later(left_s + 0.0005, self._time_out_due)
                return
            connection.time_out()
        self._timer = None
