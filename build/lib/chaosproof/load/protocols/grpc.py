"""gRPC unary calls (`grpc://host:port/package.Service/Method`, `grpcs://` over TLS) with raw payloads, each
connection a channel of its own.

A call's code is gRPC's own name for its status (`OK`, `UNAVAILABLE`), and its status the HTTP status for that
(google/rpc/code.proto). A broken channel connects again by itself, as in every gRPC client.
"""

import asyncio
import re
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from chaosproof.errors import UsageError
from chaosproof.load.plan import Plan
from chaosproof.load.protocols.base import Connection, LoadProtocol, OpenError, ResponseHandler, check_host
from chaosproof.load.protocols.support.payload import Payload
from chaosproof.load.success import Response, SuccessRule, read_success

if TYPE_CHECKING:
    import grpc.aio  # takes long: only a load over gRPC imports it

__all__ = ["PROTOCOL", "GrpcDriver"]

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
_CONDITIONS = frozenset({"grpc"})
_DEADLINE_MARGIN_S = 0.1
_METADATA_NAME = re.compile(r"(?!grpc-)[0-9a-z_.-]+(?<!-bin)")
# Without a pool of its own every channel of the process would share one connection.
_OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_retries", 0),
    # A channel takes any of a name's addresses, so that all of them are used.
    ("grpc.service_config", '{"loadBalancingConfig":[{"pick_first":{"shuffleAddressList":true}}]}'),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
)


class GrpcDriver:
    """Opens the channels of a plan with a `grpc://` url."""

    # gRPC itself sends a call again where it is known that no server saw it.
    idempotent = False

    def __init__(self, plan: Plan) -> None:
        import grpc.aio

        self._grpc = grpc
        parts = urlsplit(plan.url)
        self._target = parts.netloc
        self._metadata = _metadata(plan)
        # A little later than our own timeout, which stays the end that is recorded; the server sees a deadline.
        self._deadline_s = plan.timeout_s + _DEADLINE_MARGIN_S
        self._credentials = _credentials(grpc, plan) if parts.scheme == "grpcs" else None
        self._method = parts.path
        self._payload = Payload(plan.body)
        self._success = read_success(plan.success, _CONDITIONS, "grpc")
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, handler: ResponseHandler) -> Connection:
        if self._credentials is None:
            channel = self._grpc.aio.insecure_channel(self._target, options=_OPTIONS)
        else:
            channel = self._grpc.aio.secure_channel(self._target, self._credentials, options=_OPTIONS)
        try:
            await self._until_ready(channel)
        except BaseException:
            await channel.close(None)
            raise
        call = channel.unary_unary(self._method, None, None)
        send = partial(call, timeout=self._deadline_s, metadata=self._metadata)
        return _GrpcConnection(handler, channel, send, self._payload, self._success, self._tasks)

    async def _until_ready(self, channel: "grpc.aio.Channel") -> None:
        states = self._grpc.ChannelConnectivity
        state = channel.get_state(try_to_connect=True)
        while state is not states.READY:
            if state in (states.TRANSIENT_FAILURE, states.SHUTDOWN):
                raise OpenError("UNAVAILABLE")
            await channel.wait_for_state_change(state)
            state = channel.get_state(try_to_connect=True)


class _GrpcConnection:
    def __init__(
        self,
        handler: ResponseHandler,
        channel: "grpc.aio.Channel",
        call: "Callable[[bytes], grpc.aio.UnaryUnaryCall[bytes, bytes]]",
        payload: Payload,
        success: SuccessRule,
        tasks: set[asyncio.Task[None]],
    ) -> None:
        self.lost_code = ""
        self._handler: ResponseHandler | None = handler
        self._channel = channel
        self._call = call
        self._payload = payload
        self._success = success
        self._tasks = tasks

    def send(self, seq: int) -> None:
        self._start(self._call_method(self._payload.of(seq)))

    def close(self) -> None:
        self._handler = None
        self._start(self._channel.close(None))

    async def _call_method(self, payload: bytes) -> None:
        code = (await self._call(payload).code()).name
        if self._handler is not None:
            status, code = self._success.outcome(Response(_STATUS[code], code))
            self._handler.response_received(time.monotonic(), status, code, instance="", reusable=True)

    def _start(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _metadata(plan: Plan) -> tuple[tuple[str, str], ...]:
    for name, _ in plan.headers:
        if not _METADATA_NAME.fullmatch(name.lower()):
            raise UsageError(f"the header {name!r} cannot be metadata of gRPC: take it out")
    return tuple((name.lower(), value) for name, value in plan.headers)


def _credentials(grpc: Any, plan: Plan) -> Any:
    if not plan.verify_tls:
        raise UsageError(
            "gRPC always verifies the server's certificate: leave verify_tls (--insecure) out, and name its "
            "authority by ca_file (--cacert)"
        )
    try:
        roots = Path(plan.ca_file).read_bytes() if plan.ca_file else None
    except OSError as error:
        raise UsageError(
            f"cannot read the certificate authorities {plan.ca_file}: {error.strerror}"
        ) from error
    return grpc.ssl_channel_credentials(roots)


def _check_url(url: str, parts: SplitResult) -> None:
    check_host(url, parts)
    if parts.port is None or parts.path.count("/") != 2 or parts.path.endswith("/"):
        raise UsageError(f"url {url!r} must read {parts.scheme}://host:port/package.Service/Method")


PROTOCOL = LoadProtocol(
    name="grpc",
    schemes=("grpc", "grpcs"),
    url_form="grpc[s]://host:port/Service/Method",
    options=frozenset({"body", "headers", "ca_file", "verify_tls"}),
    check_url=_check_url,
    make_driver=GrpcDriver,
    conditions=_CONDITIONS,
)
