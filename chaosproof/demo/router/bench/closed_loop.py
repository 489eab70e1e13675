"""Requests over several connections, each sending its next as soon as the last is answered, as fast as it goes.

One thread and epoll: a thread for each connection would measure how Python hands its lock around.
"""

import select
import socket
import time
from array import array
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from chaosproof.demo.router.bench.frames import RESPONSE_ERROR, AnswerReader, BenchError
from chaosproof.demo.router.bench.server_socket import TIMEOUT_S, connect, exchange

__all__ = ["WARMUP_REQUESTS", "Measured", "closed_loop"]

WARMUP_REQUESTS = 100
_RECEIVE_BYTES = 1 << 18
_POLLS_BEFORE_SLEEP = 100


@dataclass
class Measured:
    """What came of it: a latency in ns for every answer, how many said no, and how long it all took."""

    latencies_ns: "array[int]" = field(default_factory=lambda: array("q"))
    errors: int = 0
    duration_s: float = 0.0

    @property
    def requests(self) -> int:
        return len(self.latencies_ns)

    @property
    def rate_rps(self) -> float:
        return self.requests / self.duration_s if self.duration_s else 0.0


def closed_loop(
    path: str,
    make_request: Callable[[int], bytes],
    *,
    connections: int,
    duration_s: float | None = None,
    requests: int | None = None,
    warmup: int = WARMUP_REQUESTS,
    on_progress: Callable[[int], None] | None = None,
) -> Measured:
    """Send for `duration_s`, or `requests` of them; `make_request(n)` gives the n-th frame.

    `on_progress(answered)` is called about once for a thousand answers. The first `warmup` requests are not
    measured. Raises `BenchError` when the server closes a connection or does not answer within 10 s.
    """
    with ExitStack() as stack:
        sockets = [stack.enter_context(connect(path)) for _ in range(connections)]
        for number in range(warmup):
            exchange(sockets[number % connections], make_request(number))
        try:
            return _run(sockets, make_request, duration_s, requests, on_progress)
        except OSError as error:
            raise BenchError(f"The connection to the server broke ({error.strerror or error}).") from error


def _poll(poller: select.epoll) -> list[tuple[int, int]]:
    """What is ready to be read; empty after 10 s of nothing."""
    # A client that sleeps makes the server pay for waking it, which is no figure of the server's.
    for _ in range(_POLLS_BEFORE_SLEEP):
        if ready := poller.poll(0):
            return ready
    return poller.poll(TIMEOUT_S)


def _send(connection: socket.socket, request: bytes) -> None:
    """Send all of it, over a socket that does not block: one with a timeout asks before every call if it may."""
    try:
        sent = connection.send(request)
    except BlockingIOError:
        sent = 0
    if sent < len(request):
        connection.settimeout(TIMEOUT_S)
        connection.sendall(memoryview(request)[sent:])
        connection.setblocking(False)


def _run(
    sockets: list[socket.socket],
    make_request: Callable[[int], bytes],
    duration_s: float | None,
    requests: int | None,
    on_progress: Callable[[int], None] | None,
) -> Measured:
    measured = Measured()
    latencies, now = measured.latencies_ns, time.perf_counter_ns
    readers = {connection.fileno(): AnswerReader() for connection in sockets}
    by_fd = {connection.fileno(): connection for connection in sockets}
    sent_at: dict[int, int] = {}
    limit = requests if requests is not None else 1 << 62
    sent = 0
    with select.epoll() as poller:
        begun = now()
        until = begun + int(duration_s * 1e9) if duration_s is not None else 1 << 62
        for fd, connection in by_fd.items():
            connection.setblocking(False)
            poller.register(fd, select.EPOLLIN)
            if sent < limit:
                sent_at[fd] = now()
                _send(connection, make_request(sent))
                sent += 1
        reported = 0
        while sent_at:
            ready = _poll(poller)
            if not ready:
                raise BenchError(f"The server left {len(sent_at)} requests unanswered for {TIMEOUT_S:g} s.")
            for fd, _ in ready:
                connection = by_fd[fd]
                data = connection.recv(_RECEIVE_BYTES)
                if not data:
                    raise BenchError("The server closed the connection instead of answering.")
                answer = readers[fd].feed(data)
                if answer is None:
                    continue
                at = now()
                latencies.append(at - sent_at[fd])
                if answer[0] == RESPONSE_ERROR:
                    measured.errors += 1
                if sent < limit and at < until:
                    sent_at[fd] = at
                    _send(connection, make_request(sent))
                    sent += 1
                else:
                    del sent_at[fd]
            if on_progress is not None and len(latencies) - reported >= 1000:
                reported = len(latencies)
                on_progress(reported)
        measured.duration_s = (now() - begun) / 1e9
    return measured
