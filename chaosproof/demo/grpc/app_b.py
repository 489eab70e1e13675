"""app-b, the downstream: one worker behind gRPC, with an idempotency cache and faults of its own on request.

    GRPC_PORT=50051 HTTP_PORT=8082 B_DELAY_MS=5 python -m chaosproof.demo.grpc.app_b

Settings: `chaosproof.demo.grpc.settings.SettingsB`. gRPC: `demo.v1.DemoService/Work` and grpc.health.v1. HTTP:
/healthz, /readyz, /metrics, /disturb (see `chaosproof.demo.grpc.disturbance`), and /executed: the ids of the work done,
one a line.
"""

import asyncio
import random
import sys
import time
from typing import Any

import grpc
import grpc.aio
from aiohttp import web
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from chaosproof.demo.grpc.demo_pb2 import DESCRIPTOR, WorkReply, WorkRequest
from chaosproof.demo.grpc.demo_pb2_grpc import DemoServiceServicer, add_DemoServiceServicer_to_server
from chaosproof.demo.grpc.disturbance import Disturbed, add_disturb_routes, call_later
from chaosproof.demo.grpc.http_server import HttpServer, new_app
from chaosproof.demo.grpc.log import json_lines
from chaosproof.demo.grpc.metrics import WorkerMetrics, counts_of, new_registry
from chaosproof.demo.grpc.program import run, terminated
from chaosproof.demo.grpc.settings import SettingsB
from chaosproof.demo.grpc.worker import Conditions, Rejected, Worker

__all__ = ["main", "serve"]

_DRAIN_S = 10.0

_SERVER_OPTIONS = [
    # Two servers on one port would share its connections, and nobody would notice.
    ("grpc.so_reuseport", 0),
    # A caller may ping as often as it likes, also without calls; else it is told "too_many_pings".
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 100),
    ("grpc.http2.max_ping_strikes", 0),
    # A connection whose other end was reset without a word is ended, too.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
]


class _DemoService(DemoServiceServicer):
    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    async def Work(self, request: WorkRequest, context: grpc.aio.ServicerContext[Any, Any]) -> WorkReply:
        arrived_at = time.monotonic()
        if not request.id:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the request has no id")
        try:
            await self._worker.work(request.id)
        except Rejected:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "injected by FAIL_RATE")
        return WorkReply(ok=True, code="SUCCESS", latency_ms=(time.monotonic() - arrived_at) * 1000)


class _Health(health.aio.HealthServicer):  # type: ignore[misc, name-defined]  # grpc_health has no types
    """grpc.health.v1, signed: behind a virtual address it is the only way to see whose answer it is."""

    def __init__(self, instance: str) -> None:
        super().__init__()
        self._instance = instance

    async def Check(
        self, request: health_pb2.HealthCheckRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> health_pb2.HealthCheckResponse:
        context.set_trailing_metadata((("x-instance", self._instance),))
        return await super().Check(request, context)


async def serve(settings: SettingsB) -> None:
    """Serve until SIGTERM, then finish what is under way; raises OSError when a port is taken."""
    log = json_lines(settings.instance)
    stop = terminated()
    registry = new_registry()
    metrics = WorkerMetrics(registry)

    def turned(on: bool) -> None:
        metrics.disturbed.set(on)
        log("disturbed" if on else "settled", **disturbed.state())

    disturbed = Disturbed(
        Conditions(settings.delay_ms / 1000, settings.fail_ratio),
        counts=lambda: counts_of(registry),
        on_change=turned,
        call_later=call_later,
    )
    worker = Worker(
        conditions=disturbed.conditions,
        ttl_s=settings.idempotency_ttl_ms / 1000,
        metrics=metrics,
        random=random.random,
        clock=time.monotonic,
    )
    health_service = _Health(settings.instance)
    await health_service.set(
        DESCRIPTOR.services_by_name["DemoService"].full_name, health_pb2.HealthCheckResponse.SERVING
    )
    server = grpc.aio.server(options=_SERVER_OPTIONS)
    add_DemoServiceServicer_to_server(_DemoService(worker), server)
    health_pb2_grpc.add_HealthServicer_to_server(health_service, server)
    app = new_app(registry, ready=lambda: not stop.is_set())
    add_disturb_routes(app, disturbed)

    async def executed(request: web.Request) -> web.Response:
        return web.Response(text="".join(f"{id}\n" for id in worker.executed))

    app.router.add_get("/executed", executed)
    http = HttpServer(app, shutdown_timeout_s=_DRAIN_S)
    try:
        grpc_port = server.add_insecure_port(f"[::]:{settings.grpc_port}")
    except RuntimeError as error:
        raise OSError(f"gRPC port {settings.grpc_port} is taken") from error
    await server.start()
    http_port = await http.start(settings.http_port)
    log(
        "started",
        grpc_port=grpc_port,
        http_port=http_port,
        delay_ms=settings.delay_ms,
        fail_rate=settings.fail_ratio,
    )
    await stop.wait()
    log("draining")
    await health_service.enter_graceful_shutdown()
    # Whoever looks at /readyz gets the time to send new connections elsewhere.
    await asyncio.sleep(settings.drain_delay_ms / 1000)
    await server.stop(_DRAIN_S)
    await http.stop()
    log("stopped")


def main() -> int:
    """The exit code; see `chaosproof.demo.grpc.program.run`."""
    return run(SettingsB.read, serve)


if __name__ == "__main__":
    sys.exit(main())
