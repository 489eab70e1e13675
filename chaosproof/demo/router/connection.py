"""A connection to the gateway's socket: many requests at a time on it, told apart by their ids.

client = await Client.connect(path)
answer = await client.ask(new_request("r-1", {"type": "text.generate"}), timeout_s=10)
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import orjson

from chaosproof.demo.router.frames import (
    PING,
    PONG,
    RESPONSE_ERROR,
    RESPONSE_OK,
    TASK_SUBMIT,
    Decoder,
    encode,
)

__all__ = ["ASK_S", "Answer", "Client", "ClientError", "new_request", "read_answer"]

ASK_S = 10.0


class ClientError(Exception):
    """No answer came; `code` is one word for it, `str()` a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Answer:
    """What the gateway said: 200 `ok`, or an error's status, code and message."""

    request_id: str
    status: int
    code: str
    message: str
    body: dict[str, Any]


def new_request(request_id: str, task: dict[str, Any], **more: Any) -> bytes:
    """The payload of a TASK_SUBMIT; `more` are further keys of the request, such as `policy_id`."""
    request = {
        "version": "1", "request_id": request_id, "trace_id": f"trace-{request_id}", "tenant_id": "demo",
        "task": task, **more,
    }  # fmt: skip
    return orjson.dumps(request)


def read_answer(frame_type: int, payload: bytes) -> Answer:
    """The answer that a frame is; `ClientError` with `BAD_ANSWER` when it is none."""
    try:
        body = orjson.loads(payload)
        request_id = str(body["context"].get("request_id", ""))
        if frame_type == RESPONSE_OK and body["ok"] is True:
            return Answer(request_id, 200, "ok", "", body)
        if frame_type == RESPONSE_ERROR and body["ok"] is False:
            error = body["error"]
            return Answer(request_id, int(error["status"]), str(error["code"]), str(error["message"]), body)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError):
        pass
    raise ClientError("BAD_ANSWER", f"type {frame_type:#04x} with {payload[:80]!r} is no answer")


class Client(asyncio.Protocol):
    """One connection. `on_answer` gets every answer, whether anybody waits for it or not."""

    def __init__(
        self,
        on_answer: Callable[[Answer], None] | None = None,
        on_lost: Callable[["Client"], None] | None = None,
    ) -> None:
        self._on_answer = on_answer
        self._on_lost = on_lost
        self._decoder = Decoder()
        self._transport: asyncio.Transport | None = None
        self._waiting: dict[str, asyncio.Future[Answer]] = {}
        self._pings: list[asyncio.Future[bytes]] = []
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @classmethod
    async def connect(
        cls,
        path: str,
        on_answer: Callable[[Answer], None] | None = None,
        on_lost: Callable[["Client"], None] | None = None,
    ) -> "Client":
        """A connection to the gateway on `path`; `ClientError` with a sentence when nobody listens there."""
        loop = asyncio.get_running_loop()
        try:
            _, client = await loop.create_unix_connection(lambda: cls(on_answer, on_lost), path)
        except OSError as error:
            raise ClientError(
                "CONNECT_REFUSED",
                f"No gateway listens on {path} ({error.strerror}): start one, or name its socket with -s.",
            ) from error
        return client

    def submit(self, payload: bytes) -> None:
        """Send a request and do not wait; the answer goes to `on_answer`."""
        self.send_bytes(encode(TASK_SUBMIT, payload))

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are, right or wrong."""
        if self._transport is None:
            raise ClientError("CONNECTION_CLOSED", "the gateway closed the connection")
        self._transport.write(data)

    async def ask(self, payload: bytes, timeout_s: float = ASK_S) -> Answer:
        """Send a request and return its answer; `ClientError` when none comes in time."""
        request_id = str(orjson.loads(payload)["request_id"])
        waiting = self._waiting[request_id] = asyncio.get_running_loop().create_future()
        self.submit(payload)
        try:
            async with asyncio.timeout(timeout_s):
                answer: Answer = await waiting
                return answer
        except TimeoutError:
            raise ClientError("TIMEOUT", f"no answer to {request_id} within {timeout_s:g} s") from None
        finally:
            self._waiting.pop(request_id, None)

    async def ping(self, payload: bytes = b"", timeout_s: float = ASK_S) -> bytes:
        """Send a PING and return the payload of its PONG; `ClientError` when none comes in time."""
        waiting: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._pings.append(waiting)
        self.send_bytes(encode(PING, payload))
        try:
            async with asyncio.timeout(timeout_s):
                return await waiting
        except TimeoutError:
            raise ClientError("TIMEOUT", f"no PONG within {timeout_s:g} s") from None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        why = str(exc) if exc else "the gateway closed the connection"
        every: list[asyncio.Future[Any]] = [*self._waiting.values(), *self._pings]
        for waiting in every:
            if not waiting.done():
                waiting.set_exception(ClientError("CONNECTION_CLOSED", why))
        if not self.closed.done():
            self.closed.set_result(why)
        if self._on_lost is not None:
            self._on_lost(self)

    def data_received(self, data: bytes) -> None:
        for frame_type, payload in self._decoder.feed(data):
            if frame_type == PONG:
                while self._pings:
                    waiting_ping = self._pings.pop(0)
                    if not waiting_ping.done():
                        waiting_ping.set_result(payload)
                        break
                continue
            try:
                answer = read_answer(frame_type, payload)
            except ClientError as error:
                answer = Answer("", 0, error.code, str(error), {})
            waiting = self._waiting.get(answer.request_id)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)
            if self._on_answer is not None:
                self._on_answer(answer)
        if self._decoder.error is not None and self._transport is not None:
            self._transport.abort()
