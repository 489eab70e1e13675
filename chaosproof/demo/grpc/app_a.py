"""app-a, the caller: HTTP in, one gRPC call out, with resilience policies or, as a baseline, without.

    APP_B_ADDRESS=127.0.0.1:50051 HTTP_PORT=8081 python -m chaosproof.demo.grpc.app_a
    curl -i localhost:8081/api/work

Settings: `chaosproof.demo.grpc.settings.SettingsA`. HTTP: /api/work, /healthz, /readyz, /metrics.

With RESILIENCE_ENABLED=false it is the client that most people ship: a channel with default options, no
deadline, no limit, ready as soon as it runs. RETRY_ENABLED and CHANNEL_POOL_SIZE are settings of their own
and hold in both modes.
"""

import asyncio
import random
import sys
import time
import uuid

import grpc
import grpc.aio
from aiohttp import web

from chaosproof.demo.grpc.codes import PROTECTION, Code, code_of, http_status_of
from chaosproof.demo.grpc.http_server import HttpServer, new_app
from chaosproof.demo.grpc.log import Log, json_lines
from chaosproof.demo.grpc.metrics import CallerMetrics, new_registry
from chaosproof.demo.grpc.policies import Call, Outcome, Policy, Request, guarded
from chaosproof.demo.grpc.policies.breaker import Breaker, State
from chaosproof.demo.grpc.policies.bulkhead import bulkhead
from chaosproof.demo.grpc.policies.deadline import deadline
from chaosproof.demo.grpc.policies.retry import retry
from chaosproof.demo.grpc.pool import Channel, Pool, channel_options
from chaosproof.demo.grpc.program import run, terminated
from chaosproof.demo.grpc.reachability import Pace, Reachability
from chaosproof.demo.grpc.settings import SettingsA

__all__ = ["AppA", "main", "serve"]

_DRAIN_S = 10.0
_MOVE_ON_INTERVAL_S = 0.025


class AppA:
    """One instance: the policies around the call, the monitor of app-b, and the HTTP server in front."""

    def __init__(self, settings: SettingsA, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._draining = False
        self._reachable = not settings.resilient
        registry = new_registry()
        self._metrics = CallerMetrics(registry)
        self._metrics.ready.set_function(lambda: self.ready)
        options = channel_options(
            resilient=settings.resilient,
            keepalive_time_ms=settings.keepalive_time_ms,
            keepalive_timeout_ms=settings.keepalive_timeout_ms,
            reconnect_backoff_ms=settings.reconnect_backoff_ms,
            reconnect_backoff_max_ms=settings.reconnect_backoff_max_ms,
        )
        self._pool = Pool(lambda: Channel(settings.app_b_address, options), settings.channel_pool_size, log)
        self._metrics.pool_size.set(len(self._pool))
        self._breaker = Breaker(
            window=settings.breaker_window_calls,
            failure_ratio=settings.breaker_failure_percent / 100,
            open_s=settings.breaker_open_ms / 1000,
            probes=settings.breaker_half_open_probes,
            clock=time.monotonic,
            on_transition=self._breaker_turned,
        )
        self._monitor = Reachability(
            self._pool,
            self._breaker,
            Pace(
                retry_interval_s=settings.probe_interval_ms / 1000,
                retry_timeout_s=settings.probe_timeout_ms / 1000,
                idle_interval_s=settings.idle_probe_interval_ms / 1000,
                idle_timeout_s=settings.idle_probe_timeout_ms / 1000,
                proofs=settings.breaker_half_open_probes,
                grace_s=settings.deadline_ms / 1000,
            ),
            self._reachability_changed,
        )
        self._pool.on_lost = self._monitor.suspect
        self._moving: asyncio.Future[None] | None = None
        self._call = self._guarded(self._attempt)
        app = new_app(registry, ready=lambda: self.ready)
        app.router.add_get("/api/work", self._work)
        self._http = HttpServer(app, shutdown_timeout_s=_DRAIN_S)

    @property
    def ready(self) -> bool:
        return self._reachable and not self._draining

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, then finish what is under way; raises OSError when the port is taken."""
        settings = self._settings
        port = await self._http.start(settings.http_port)
        mode = "resilient" if settings.resilient else "baseline"
        self._log("started", http_port=port, mode=mode, retry=settings.retry, channels=len(self._pool))
        monitor = asyncio.ensure_future(self._monitor.run()) if settings.resilient else None
        await stop.wait()
        self._draining = True
        self._log("draining")
        self._http.close_idle()
        # Whoever looks at /readyz gets the time to send new connections elsewhere.
        await asyncio.sleep(settings.drain_delay_ms / 1000)
        await self._http.stop()
        for task in (monitor, self._moving):
            if task is not None:
                task.cancel()
        await self._pool.close()
        self._log("stopped")

    def _guarded(self, call: Call) -> Call:
        """The policies, outermost first."""
        settings = self._settings
        deadline_s = settings.deadline_ms / 1000 if settings.resilient else None
        policies: list[Policy] = []
        if settings.retry:
            policies += [
                retry(
                    settings.retry_attempts,
                    backoff_s=settings.retry_backoff_ms / 1000,
                    backoff_max_s=settings.retry_backoff_max_ms / 1000,
                    budget_s=deadline_s,
                    clock=time.monotonic,
                    sleep=asyncio.sleep,
                    uniform=random.uniform,
                )
            ]
        if deadline_s is not None:
            policies += [
                self._breaker.apply,
                bulkhead(
                    settings.max_inflight,
                    queue=settings.max_queue,
                    wait_s=settings.max_queue_wait_ms / 1000,
                ),
                deadline(deadline_s, clock=time.monotonic),
            ]
        return guarded(call, *policies)

    async def _attempt(self, request: Request) -> Outcome:
        """One attempt on the wire."""
        channel = self._pool.pick()
        began_at = time.monotonic()
        with self._metrics.inflight.track_inprogress():
            try:
                reply = await channel.work(request.id, request.timeout_s)
                code = Code.SUCCESS if reply.ok else Code.UNKNOWN
            except grpc.aio.AioRpcError as error:
                code = code_of(error.code())
        self._metrics.latency.observe(time.monotonic() - began_at)
        self._metrics.attempts.labels(code).inc()
        if code is Code.UNAVAILABLE:
            self._monitor.suspect()
        return Outcome(code, attempts=1)

    async def _work(self, request: web.Request) -> web.Response:
        began_at = time.monotonic()
        outcome = await self._call(Request(id=uuid.uuid4().hex, started_at=began_at))
        self._metrics.requests.labels(outcome.code).inc()
        response = web.json_response(
            {
                "ok": outcome.code is Code.SUCCESS,
                "code": outcome.code,
                "latencyMs": round((time.monotonic() - began_at) * 1000, 3),
            },
            status=http_status_of(outcome.code),
            headers={"x-instance": self._settings.instance, "x-attempts": str(outcome.attempts)},
        )
        if self._draining or (self._settings.resilient and (outcome.code in PROTECTION or not self.ready)):
            # The client's next connection goes to an instance that can serve it.
            response.force_close()
        return response

    def _breaker_turned(self, old: State, new: State) -> None:
        self._metrics.breaker_state.set(new)
        self._metrics.transitions.labels(old.name.lower(), new.name.lower()).inc()
        self._log("breaker", old=old.name.lower(), new=new.name.lower())
        if new is State.OPEN:
            self._monitor.suspect()

    def _reachability_changed(self, reachable: bool) -> None:
        self._reachable = reachable
        if reachable:
            self._log("ready", served_by=self._pool.served_by)
        else:
            self._log("not_ready")
            self._moving = asyncio.ensure_future(self._move_clients_on())

    async def _move_clients_on(self) -> None:
        """Close idle connections as long as this instance is not ready.

        Once is not enough: until the balancer has noticed, half of the clients come straight back, and would find out
        with their next request, long after a healthy instance could have had it.
        """
        while not self.ready:
            self._http.close_idle()
            await asyncio.sleep(_MOVE_ON_INTERVAL_S)


async def serve(settings: SettingsA) -> None:
    """Serve until SIGTERM; raises OSError when the port is taken."""
    stop = terminated()
    await AppA(settings, json_lines(settings.instance)).run(stop)


def main() -> int:
    """The exit code; see `chaosproof.demo.grpc.program.run`."""
    return run(SettingsA.read, serve)


if __name__ == "__main__":
    sys.exit(main())
