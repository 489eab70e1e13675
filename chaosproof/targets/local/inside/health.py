"""Questions to an instance from the lab's own namespace: is it ready, and what are its metrics."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import httptools

from chaosproof.targets.system.definition import HealthCheck

__all__ = ["answer_timeout_s", "follow_readiness", "http_get", "is_ready"]

_LARGEST_ANSWER_BYTES = 16 << 20


class _Answer:
    """What httptools has read of one response."""

    def __init__(self) -> None:
        self.whole = False
        self.body = b""

    def on_body(self, body: bytes) -> None:
        self.body += body
        if len(self.body) > _LARGEST_ANSWER_BYTES:
            raise ConnectionError(f"the answer is larger than {_LARGEST_ANSWER_BYTES} bytes")

    def on_message_complete(self) -> None:
        self.whole = True


async def http_get(
    address: str, port: int, path: str, timeout_s: float, *, host: str | None = None
) -> tuple[int, str]:
    """One GET on a connection of its own; returns the status and the body.

    `host` is the name by which users know the service: many servers answer no other. Raises `OSError` or
    `TimeoutError`.
    """
    answer = _Answer()
    parser = httptools.HttpResponseParser(answer)
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {host or address}:{port}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_connection(address, port)
        try:
            writer.write(request.encode())
            # A server may keep the connection open in spite of what it was asked: the answer has its own end.
            while not answer.whole and (chunk := await reader.read(65536)):
                parser.feed_data(chunk)
        except httptools.HttpParserError as error:
            cause = error.__context__
            if isinstance(cause, ConnectionError):
                raise cause from None
            raise ConnectionError(f"{address}:{port}{path} did not answer in HTTP") from error
        finally:
            writer.transport.abort()
    status = parser.get_status_code()
    if not status:
        raise ConnectionError(f"{address}:{port}{path} did not answer in HTTP")
    return int(status), answer.body.decode(errors="replace")


async def is_ready(address: str, check: HealthCheck, host: str | None = None) -> tuple[bool, str]:
    """Ask once, but for a `test`, which is a command; returns the answer and, when it is no, why."""
    timeout_s = answer_timeout_s(check)
    try:
        if check.kind == "http":
            status, body = await http_get(address, check.port, check.target, timeout_s, host=host)
            if 200 <= status < 300:
                return True, ""
            return False, f"{check.target} answered {status} {body.strip()[:200]}".strip()
        async with asyncio.timeout(timeout_s):
            if check.kind == "tcp":
                _, writer = await asyncio.open_connection(address, check.port)
            else:
                _, writer = await asyncio.open_unix_connection(check.target)
        writer.transport.abort()
        return True, ""
    except TimeoutError:
        return False, f"no answer within {timeout_s:g} s"
    except OSError as error:
        return False, error.strerror or str(error)


def answer_timeout_s(check: HealthCheck) -> float:
    """How long one answer may take."""
    # A second is what a busy instance may take; an instance that is slower gets no new connections.
    return check.answer_timeout_s or max(1.0, check.interval_s)


async def follow_readiness(
    check: HealthCheck,
    ask: Callable[[HealthCheck], Awaitable[tuple[bool, str]]],
    is_known_ready: Callable[[], bool],
    set_ready: Callable[[bool, str], None],
) -> None:
    """Ask again and again, until cancelled; what was ready is not so after `check.retries` answers of no in a row."""
    due_at = time.monotonic()
    missed = 0
    while True:
        ready, reason = await ask(check)
        missed = 0 if ready else missed + 1
        if ready or not is_known_ready() or missed >= check.retries:
            set_ready(ready, reason)
        # Paced by the clock, not by the answers: a slow answer must not stretch the interval.
        due_at = max(due_at + check.interval_s, time.monotonic())
        await asyncio.sleep(due_at - time.monotonic())
