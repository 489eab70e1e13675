"""The gateway: frames on a Unix socket in, NATS request and reply out, and an answer for every request.

    NATS_URL=nats://127.0.0.1:4222 python -m chaosproof.demo.router.gateway -s /tmp/gateway.sock

Settings: `chaosproof.demo.router.settings.GatewaySettings`. HTTP: /healthz, /readyz, /metrics.

An answer is sent when it is there, so those of one connection may overtake each other; `context.request_id`
says whose it is. What makes that promise hold: every request is in the pending table from the instant it is
sent on until the first of reply, timeout and loss of the connection takes it out; whoever comes later finds
nothing, and is counted.
"""

import asyncio
import os
import sys
import time
from typing import cast

import orjson

from chaosproof.demo.grpc.http_server import HttpServer, new_app
from chaosproof.demo.grpc.log import Log, json_lines
from chaosproof.demo.grpc.metrics import new_registry
from chaosproof.demo.grpc.program import terminated
from chaosproof.demo.router.awake import keep_cpus_awake
from chaosproof.demo.router.errors import error_payload
from chaosproof.demo.router.frames import (
    FRAME_BYTES_MAX,
    NAMES,
    PING,
    PONG,
    RESPONSE_ERROR,
    RESPONSE_OK,
    TASK_SUBMIT,
    Decoder,
    ProtocolCode,
    encode,
)
from chaosproof.demo.router.metrics import GatewayFigures, publish_figures
from chaosproof.demo.router.nats_link import NatsLink
from chaosproof.demo.router.program import Parser, run
from chaosproof.demo.router.request import Request, RequestError, read_request
from chaosproof.demo.router.settings import GatewaySettings
from chaosproof.demo.router.socket_file import SocketFile

__all__ = ["Gateway", "main", "serve"]

_WRITE_BUFFER_BYTES_MAX = 256 * 1024
# Less than a frame by more than the context that may have to be put into the reply.
_REPLY_BYTES_MAX = FRAME_BYTES_MAX - 4096
# Of a router's own words: what a client may want to read, and no more than fits into a frame.
_TEXT_MAX = 16_384
_FRAME_ERRORS = {
    ProtocolCode.INVALID_VERSION: "invalid_version",
    ProtocolCode.FRAME_TOO_LARGE: "frame_too_large",
    ProtocolCode.INVALID_PAYLOAD: "invalid_payload",
}


class _Pending:
    """A request that was sent on: whose it is, and until when it is waited for."""

    __slots__ = ("client", "deadline", "request_id", "sent_at", "trace_id")

    def __init__(
        self, client: "_Client", request_id: str, trace_id: str, sent_at: float, deadline: float
    ) -> None:
        self.client = client
        self.request_id = request_id
        self.trace_id = trace_id
        self.sent_at = sent_at
        self.deadline = deadline


class Gateway:
    """The pending table between the clients and NATS. All of it belongs to one event loop."""

    def __init__(self, settings: GatewaySettings, log: Log) -> None:
        self._settings = settings
        self._log = log
        self.figures = GatewayFigures()
        self.clients: set[_Client] = set()
        self.draining = False
        # All wait equally long, so the order of insertion is the order of the deadlines.
        self._pending: dict[bytes, _Pending] = {}
        self._timeout_s = settings.timeout_ms / 1000
        self._timer: asyncio.TimerHandle | None = None
        self._token = 0
        self._pressed_until: dict[str, float] = {}
        self._inbox = b"_INBOX." + os.urandom(11).hex().encode() + b"."
        self._link = NatsLink(
            settings.nats,
            f"gateway {settings.instance}",
            on_change=self._nats_changed,
            ping_s=settings.nats_ping_ms / 1000,
        )
        self._link.subscribe(self._inbox + b"*", self._replied)
        self._link.subscribe(settings.pressure_subject, self._pressure_signalled)

    @property
    def ready(self) -> bool:
        return self._link.connected and not self.draining

    @property
    def pending(self) -> int:
        return len(self._pending)

    @property
    def pressed(self) -> bool:
        """Whether a router has signalled pressure, and has said so recently."""
        if not self._pressed_until:
            return False
        now = time.monotonic()
        for router in [name for name, until in self._pressed_until.items() if until < now]:
            del self._pressed_until[router]
        return bool(self._pressed_until)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, then finish what is in flight.

        Raises `NatsError` when NATS cannot be reached, `SocketError` or `OSError` when a place is taken.
        """
        settings = self._settings
        registry = new_registry()
        publish_figures(
            registry,
            lambda: self.figures.families(
                len(self._pending),
                len(self.clients),
                self.pressed,
                self._link.connected,
                len(asyncio.all_tasks()),
            ),
        )
        http = HttpServer(new_app(registry, ready=lambda: self.ready), shutdown_timeout_s=1.0)
        await self._link.start(settings.nats_start_ms / 1000)
        try:
            http_port = await http.start(settings.http_port)
            socket_file = SocketFile(settings.socket_path)
        except BaseException:
            await self._link.close()
            await http.stop()
            raise
        try:
            server = await asyncio.get_running_loop().create_unix_server(
                lambda: _Client(self), sock=socket_file.listener
            )
            self._log("started", socket=settings.socket_path, http_port=http_port, nats=str(settings.nats))
            await stop.wait()
            self._log("draining", pending=len(self._pending))
            socket_file.remove()
            server.close()
            await self._drain()
        finally:
            socket_file.remove()
        await self._link.close()
        await http.stop()
        self._log("stopped")

    async def _drain(self) -> None:
        """Wait for the answers of what is in flight; no request outlives its timeout, so neither does this."""
        self.draining = True
        for client in tuple(self.clients):
            client.close_when_idle()
        gone = [client.gone for client in self.clients]
        if gone:
            await asyncio.wait(gone, timeout=self._timeout_s + 1.0)
        for client in tuple(self.clients):
            client.abort()

    def submit(self, client: "_Client", payload: bytes) -> None:
        """Send a request on, or answer at once why not."""
        try:
            request = read_request(payload)
        except RequestError as error:
            client.fail(error.code, str(error), error.request_id, error.trace_id)
            return
        if problem := self._refusal(request):
            client.fail(*problem, request.request_id, request.trace_id)
            return
        self._token += 1
        token = b"%d" % self._token
        if not self._link.publish(self._settings.subject, request.payload, self._inbox + token):
            client.fail("nats_unreachable", self._unreachable(), request.request_id, request.trace_id)
            return
        now = time.monotonic()
        self._pending[token] = _Pending(
            client, request.request_id, request.trace_id, now, now + self._timeout_s
        )
        client.inflight += 1
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._timeout_s, self._expire)

    def _refusal(self, request: Request) -> tuple[str, str] | None:
        settings = self._settings
        inflight = len(self._pending)
        if self.draining:
            return "shutting_down", "the gateway is shutting down"
        if inflight >= settings.max_inflight:
            return "overloaded", f"{inflight} requests are in flight, as many as there may be"
        if self._pressed_until and inflight >= settings.pressed_inflight and self.pressed:
            return "overloaded", f"the router is under pressure, and {inflight} requests are in flight"
        if self._link.connected and len(request.payload) > self._link.payload_bytes_max:
            return "frame_too_large", (
                f"a request of {len(request.payload)} bytes is larger than the "
                f"{self._link.payload_bytes_max} that NATS takes"
            )
        return None

    def _replied(self, subject: bytes, _: bytes, payload: bytes, status: int) -> None:
        pending = self._pending.pop(subject[len(self._inbox) :], None)
        if pending is None:
            self.figures.late_replies += 1
            return
        if status == 503:
            self._fail(pending, "router_unreachable", "no router serves the subject")
            return
        if len(payload) > _REPLY_BYTES_MAX:
            self._fail(
                pending, "bad_reply", f"the router's reply has {len(payload)} bytes: too large for a frame"
            )
            return
        try:
            reply = orjson.loads(payload)
            ok = reply["ok"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            self._fail(pending, "bad_reply", "the router's reply could not be understood")
            return
        if ok is True:
            context = reply.get("context")
            if (
                type(context) is not dict
                or context.get("request_id") != pending.request_id
                or context.get("trace_id") != pending.trace_id
            ):
                reply["context"] = {"request_id": pending.request_id, "trace_id": pending.trace_id}
                payload = orjson.dumps(reply)
            self._answer(pending, RESPONSE_OK, payload, "ok")
            return
        error = reply.get("error")
        code = error.get("code") if type(error) is dict else None
        if ok is not False or type(code) is not str or not code:
            self._fail(pending, "bad_reply", "the router's reply is neither ok nor an error with a code")
            return
        self._fail(pending, code[:_TEXT_MAX], str(error.get("message", ""))[:_TEXT_MAX])

    def _fail(self, pending: _Pending, code: str, message: str) -> None:
        payload = error_payload(code, message, request_id=pending.request_id, trace_id=pending.trace_id)
        self._answer(pending, RESPONSE_ERROR, payload, code)

    def _answer(self, pending: _Pending, frame_type: int, payload: bytes, code: str) -> None:
        self.figures.latency.add(time.monotonic() - pending.sent_at)
        client = pending.client
        client.inflight -= 1
        client.send(frame_type, payload, code)

    def _expire(self) -> None:
        """Answer all whose time is over, and come back for the next."""
        now = time.monotonic()
        while self._pending:
            token = next(iter(self._pending))
            pending = self._pending[token]
            if pending.deadline > now:
                # The loop's timers are whole milliseconds and may ring early; nobody is told before his time.
                wait_s = max(pending.deadline - now, 0.001)
                self._timer = asyncio.get_running_loop().call_later(wait_s, self._expire)
                return
            del self._pending[token]
            self._fail(pending, "timeout", f"no reply within {self._settings.timeout_ms} ms")
        self._timer = None

    def _nats_changed(self, connected: bool) -> None:
        if connected:
            self.figures.connected += 1
            self._log("nats_connected")
            return
        self.figures.disconnects += 1
        self._pressed_until.clear()
        lost, self._pending = self._pending, {}
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._log("nats_lost", reason=self._link.last_error, failed=len(lost))
        for pending in lost.values():
            self._fail(pending, "nats_unreachable", self._unreachable())

    def _unreachable(self) -> str:
        return f"NATS at {self._settings.nats} is not connected: {self._link.last_error}"

    def _pressure_signalled(self, _: bytes, __: bytes, payload: bytes, ___: int) -> None:
        try:
            signal = orjson.loads(payload)
            router, active = str(signal["instance"]), signal["status"] == "active"
        except (orjson.JSONDecodeError, KeyError, TypeError):
            self._log("bad_pressure_signal", size_bytes=len(payload))
            return
        before = self.pressed
        if active:
            self._pressed_until[router] = time.monotonic() + self._settings.pressure_ttl_ms / 1000
        else:
            self._pressed_until.pop(router, None)
        if self.pressed != before:
            self._log("pressed" if active else "relieved", router=router, pending=len(self._pending))


class _Client(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, gateway: Gateway) -> None:
        self.inflight = 0
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._gateway = gateway
        self._figures = gateway.figures
        self._decoder = Decoder()
        self._transport: asyncio.Transport | None = None
        self._last = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES_MAX)
        self._gateway.clients.add(self)
        self._figures.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._gateway.clients.discard(self)
        if self._decoder.buffered:
            self._figures.torn_frames += 1
        if not self.gone.done():
            self.gone.set_result(None)

    def data_received(self, data: bytes) -> None:
        decoder = self._decoder
        for frame_type, payload in decoder.feed(data):
            if frame_type == PING:
                self._figures.pings += 1
                self._write(PONG, payload)
            elif frame_type == TASK_SUBMIT:
                self._gateway.submit(self, payload)
            else:
                name = NAMES.get(frame_type)
                what = (
                    f"{name} ({frame_type:#04x}) is not served here"
                    if name
                    else f"there is no type {frame_type:#04x}"
                )
                self.fail("invalid_type", what)
        if decoder.error is not None and not self._last:
            self.fail(_FRAME_ERRORS[decoder.error.code], str(decoder.error))
            self.close_when_idle()

    def eof_received(self) -> bool:
        # Who closes the sending side only still wants the answers.
        self.close_when_idle()
        return True

    def pause_writing(self) -> None:
        # Who does not read answers gets no more of them: memory is bounded by what is in flight already.
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def fail(self, code: str, message: str, request_id: str = "", trace_id: str = "") -> None:
        """Answer with an error."""
        payload = error_payload(code, message, request_id=request_id, trace_id=trace_id)
        self.send(RESPONSE_ERROR, payload, code)

    def send(self, frame_type: int, payload: bytes, code: str) -> None:
        """Answer, and count it."""
        if self._transport is None:
            self._figures.undelivered += 1
            return
        self._figures.answered(code)
        self._write(frame_type, payload)
        if self._last and not self.inflight:
            self._transport.close()

    def close_when_idle(self) -> None:
        """Close once everything in flight is answered."""
        self._last = True
        if not self.inflight and self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _write(self, frame_type: int, payload: bytes) -> None:
        if self._transport is not None:
            self._transport.write(encode(frame_type, payload))


async def serve(settings: GatewaySettings) -> None:
    """Serve until SIGTERM; see `Gateway.run`."""
    log = json_lines(settings.instance)
    if settings.keep_cpus_awake:
        try:
            keep_cpus_awake()
            log("cpus_kept_awake")
        except OSError as error:
            # Slower, and as right: not worth ending for.
            log("cpus_may_sleep", reason=str(error))
    await Gateway(settings, log).run(terminated())


def main(arguments: list[str] | None = None) -> int:
    """The exit code; see `chaosproof.demo.router.program.run`."""
    parser = Parser(
        prog="python -m chaosproof.demo.router.gateway", description="Serve frames on a Unix socket."
    )
    parser.add_argument("-s", "--socket", help="where to listen (default: IPC_SOCKET_PATH)")
    options = parser.parse_args(arguments)
    return run(lambda values: GatewaySettings.read(values, options.socket), serve)


if __name__ == "__main__":
    sys.exit(main())
