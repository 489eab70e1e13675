"""The router: takes requests off a queue group of NATS, decides by policy, replies, and says when it is too much.

    NATS_URL=nats://127.0.0.1:4222 python -m chaosproof.demo.router.router

Settings: `chaosproof.demo.router.settings.RouterSettings`. HTTP: /healthz, /readyz, /metrics.

To practise on, tasks of these types do as their payload says: `demo.error` {code, message} fails, `demo.delay`
{delay_ms} takes its time, `demo.silent` is never replied to, `demo.garbage` {text} is replied to with `text`,
`demo.twice` is replied to twice. The tenant `blocked` is not authorized.
"""

import asyncio
import sys
from collections import deque
from pathlib import Path
from typing import Any

import orjson

from chaosproof.demo.grpc.http_server import HttpServer, new_app
from chaosproof.demo.grpc.log import Log, json_lines
from chaosproof.demo.grpc.metrics import new_registry
from chaosproof.demo.grpc.program import terminated
from chaosproof.demo.router.ledger import Ledger
from chaosproof.demo.router.metrics import RouterFigures, publish_figures
from chaosproof.demo.router.nats_link import NatsLink
from chaosproof.demo.router.policies import POLICIES, decide
from chaosproof.demo.router.program import Parser, run
from chaosproof.demo.router.request import RequestError, read_request
from chaosproof.demo.router.settings import RouterSettings

__all__ = ["Router", "main", "serve"]

_BLOCKED_TENANT = "blocked"
_DELAY_MS_MAX = 60_000
_DRAIN_S = 5.0

_Job = tuple[bytes, dict[str, Any]]


class Router:
    """One router of the queue group. All of it belongs to one event loop."""

    def __init__(self, settings: RouterSettings, log: Log, ledger: Ledger | None) -> None:
        self._settings = settings
        self._log = log
        self._ledger = ledger
        self.figures = RouterFigures()
        self._working = 0
        self._line: deque[_Job] = deque()
        self._pressed = False
        self._stopping = False
        self._idle = asyncio.Event()
        self._link = NatsLink(
            settings.nats,
            f"router {settings.instance}",
            on_change=self._nats_changed,
            ping_s=settings.nats_ping_ms / 1000,
        )
        self._link.subscribe(settings.subject, self._receive, settings.queue)

    @property
    def ready(self) -> bool:
        return self._link.connected and not self._stopping

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, then finish what was taken; raises `NatsError` when NATS cannot be reached."""
        settings = self._settings
        registry = new_registry()
        publish_figures(
            registry,
            lambda: self.figures.families(
                len(self._line), self._working, self._pressed, len(asyncio.all_tasks())
            ),
        )
        http = HttpServer(new_app(registry, ready=lambda: self.ready), shutdown_timeout_s=1.0)
        await self._link.start(settings.nats_start_ms / 1000)
        try:
            http_port = await http.start(settings.http_port)
            self._log("started", http_port=http_port, nats=str(settings.nats), delay_ms=settings.delay_ms)
            ticking = asyncio.create_task(self._tick())
            await stop.wait()
            self._stopping = True
            self._log("draining", working=self._working, waiting=len(self._line))
            self._look_whether_idle()
            await asyncio.wait([asyncio.create_task(self._idle.wait())], timeout=_DRAIN_S)
            ticking.cancel()
        finally:
            await self._link.close()
            await http.stop()
        self._log("stopped")

    async def _tick(self) -> None:
        """Repeat the pressure signal, for gateways that missed it, and keep the ledger's file fresh."""
        while True:
            await asyncio.sleep(self._settings.pressure_interval_ms / 1000)
            if self._pressed:
                self._signal_pressure()
            if self._ledger is not None:
                self._ledger.flush()

    def _nats_changed(self, connected: bool) -> None:
        if connected:
            self.figures.connected += 1
            self._log("nats_connected")
        else:
            self._log("nats_lost", reason=self._link.last_error)

    def _receive(self, _: bytes, reply: bytes, payload: bytes, __: int) -> None:
        self.figures.received += 1
        try:
            request = read_request(payload)
        except RequestError as error:
            # What the gateway calls a payload is a request here: either way it is the caller's mistake.
            self._reply(reply, _failure("invalid_request", str(error), error.request_id, error.trace_id))
            return
        settings = self._settings
        delay_ms = settings.delay_ms
        if request.body["task"]["type"] == "demo.delay":
            delay_ms = _delay_ms(request.body)
        if not delay_ms and not settings.concurrency:
            self._execute((reply, request.body))
        elif settings.concurrency and self._working >= settings.concurrency:
            if len(self._line) >= settings.max_queue:
                context = request.request_id, request.trace_id
                self._reply(reply, _failure("overloaded", f"{len(self._line)} are in line already", *context))
                return
            self._line.append((reply, request.body))
        else:
            self._begin((reply, request.body), delay_ms)
        self._update_pressure()

    def _begin(self, job: _Job, delay_ms: int) -> None:
        self._working += 1
        asyncio.get_running_loop().call_later(delay_ms / 1000, self._done, job)

    def _done(self, job: _Job) -> None:
        self._working -= 1
        self._execute(job)
        if self._line:
            job = self._line.popleft()
            task = job[1]["task"]
            self._begin(job, _delay_ms(job[1]) if task["type"] == "demo.delay" else self._settings.delay_ms)
        self._update_pressure()
        self._look_whether_idle()

    def _look_whether_idle(self) -> None:
        if self._stopping and not self._working and not self._line:
            self._idle.set()

    def _execute(self, job: _Job) -> None:
        reply, body = job
        request_id, trace_id = body["request_id"], body["trace_id"]
        self.figures.executed += 1
        if self._ledger is not None:
            self._ledger.write(request_id, "executed")
        task = body["task"]
        kind = task["type"]
        if body.get("tenant_id") == _BLOCKED_TENANT:
            answer = _failure("unauthorized", "the tenant is blocked", request_id, trace_id)
        elif kind.startswith("demo.") and kind != "demo.delay":
            self._play(reply, kind, task.get("payload"), request_id, trace_id)
            return
        elif (policy_id := body.get("policy_id") or "default") not in POLICIES:
            answer = _failure("policy_not_found", f"there is no policy {policy_id!r}", request_id, trace_id)
        else:
            answer = _success(policy_id, request_id, trace_id)
        self._reply(reply, answer)

    def _play(self, reply: bytes, kind: str, payload: object, request_id: str, trace_id: str) -> None:
        """Misbehave as asked."""
        wishes = payload if isinstance(payload, dict) else {}
        match kind:
            case "demo.error":
                code, message = str(wishes.get("code", "internal")), str(wishes.get("message", ""))
                self._reply(reply, _failure(code, message, request_id, trace_id))
            case "demo.silent":
                pass
            case "demo.garbage":
                self._link.publish(reply, str(wishes.get("text", "garbage")).encode())
            case "demo.twice":
                for _ in range(2):
                    self._reply(reply, _success("default", request_id, trace_id))
            case _:
                self._reply(
                    reply, _failure("invalid_request", f"there is no task {kind!r}", request_id, trace_id)
                )

    def _reply(self, reply: bytes, answer: dict[str, Any]) -> None:
        if not reply:
            return
        code = "ok" if answer["ok"] else answer["error"]["code"]
        if self._link.publish(reply, orjson.dumps(answer)):
            self.figures.replies[code if code in self.figures.replies else "internal"] += 1
        else:
            self.figures.unsent += 1

    def _update_pressure(self) -> None:
        settings = self._settings
        if not settings.pressure_high:
            return
        requests = self._working + len(self._line)
        pressed = requests > settings.pressure_low if self._pressed else requests >= settings.pressure_high
        if pressed != self._pressed:
            self._pressed = pressed
            self._log("pressed" if pressed else "relieved", requests=requests)
            self._signal_pressure()

    def _signal_pressure(self) -> None:
        signal = {
            "status": "active" if self._pressed else "inactive",
            "instance": self._settings.instance,
            "asked": self._working + len(self._line),
        }
        self._link.publish(self._settings.pressure_subject, orjson.dumps(signal))


def _success(policy_id: str, request_id: str, trace_id: str) -> dict[str, Any]:
    return {
        "ok": True,
        "decision": decide(policy_id, request_id),
        "context": {"request_id": request_id, "trace_id": trace_id},
    }


def _failure(code: str, message: str, request_id: str, trace_id: str) -> dict[str, Any]:
    return {
        "ok": False,
        "error": {"code": code, "message": message, "details": {}},
        "context": {"request_id": request_id, "trace_id": trace_id},
    }


def _delay_ms(body: dict[str, Any]) -> int:
    payload = body["task"].get("payload")
    delay_ms = payload.get("delay_ms") if isinstance(payload, dict) else None
    return min(max(delay_ms, 0), _DELAY_MS_MAX) if isinstance(delay_ms, int) else 0


async def serve(settings: RouterSettings) -> None:
    """Serve until SIGTERM; see `Router.run`."""
    ledger = Ledger(Path(settings.ledger)) if settings.ledger else None
    try:
        await Router(settings, json_lines(settings.instance), ledger).run(terminated())
    finally:
        if ledger is not None:
            ledger.close()


def main(arguments: list[str] | None = None) -> int:
    """The exit code; see `chaosproof.demo.router.program.run`."""
    Parser(
        prog="python -m chaosproof.demo.router.router", description="Decide for requests off NATS."
    ).parse_args(arguments)
    return run(RouterSettings.read, serve)


if __name__ == "__main__":
    sys.exit(main())
