"""gRPC unary calls (`grpc://host:port/package.Service/Method`) with raw payloads, a channel per connection.

A call's code is gRPC's own word (`OK`, `UNAVAILABLE`); its status is the HTTP status that stands for it
(google/rpc/code.proto). A broken channel connects again by itself, as in every gRPC client.
"""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any
from urllib.parse import urlsplit

import grpc
import grpc.aio

from chaosproof.load.plan import Plan
from chaosproof.load.protocols.base import Connection, OpenError, Owner
from chaosproof.load.protocols.payload import Payload

__all__ = ["GrpcDriver"]

_STATUS = {
    "OK": 200,
    "CANCELLED": 499,
    "UNKNOWN": 500,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
    "UNAUTHENTICATED": 401,
}
# Without a pool of its own every channel of the process would share one connection.
_OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)


class GrpcDriver:
    """Opens the channels of a plan with a `grpc://` url."""

    # gRPC itself sends a call again where it is known that no server saw it.
    idempotent = False

    def __init__(self, plan: Plan) -> None:
        parts = urlsplit(plan.url)
        self._target = parts.netloc
        self._method = parts.path
        self._payload = Payload(plan.body)
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, owner: Owner) -> Connection:
        channel = grpc.aio.insecure_channel(self._target, options=_OPTIONS)
        try:
            await _until_ready(channel)
        except BaseException:
            await channel.close(None)
            raise
        return _GrpcConnection(owner, channel, self._method, self._payload, self._tasks)


class _GrpcConnection:
    def __init__(
        self,
        owner: Owner,
        channel: grpc.aio.Channel,
        method: str,
        payload: Payload,
        tasks: set[asyncio.Task[None]],
    ) -> None:
        self.lost_code = ""
        self._owner: Owner | None = owner
        self._channel = channel
        self._call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method, None, None)
        self._payload = payload
        self._tasks = tasks

    def send(self, seq: int) -> None:
        self._keep(self._ask(self._payload.of(seq)))

    def close(self) -> None:
        self._owner = None
        self._keep(self._channel.close(None))

    async def _ask(self, payload: bytes) -> None:
        code = (await self._call(payload).code()).name
        if self._owner is not None:
            self._owner.answered(time.monotonic(), _STATUS[code], code, instance="", reusable=True)

    def _keep(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _until_ready(channel: grpc.aio.Channel) -> None:
    state = channel.get_state(try_to_connect=True)
    while state is not grpc.ChannelConnectivity.READY:
        if state in (grpc.ChannelConnectivity.TRANSIENT_FAILURE, grpc.ChannelConnectivity.SHUTDOWN):
            raise OpenError("UNAVAILABLE")
        await channel.wait_for_state_change(state)
        state = channel.get_state(try_to_connect=True)
