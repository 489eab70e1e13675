"""The HTTP side that both programs share: /healthz, /readyz, /metrics, and an end without a broken answer."""

import asyncio
import socket
import weakref
from collections.abc import Callable

from aiohttp import web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

__all__ = ["HttpServer", "new_app"]

_FIRST_REQUEST_WITHIN_S = 0.05


def new_app(registry: CollectorRegistry, ready: Callable[[], bool]) -> web.Application:
    """An application with the three endpoints; /readyz is 200 while `ready()`, else 503."""

    async def healthz(request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(request: web.Request) -> web.Response:
        return web.Response(text="ready\n") if ready() else web.Response(status=503, text="not ready\n")

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app


class HttpServer:
    """An application on a port of all addresses, IPv4 and IPv6."""

    def __init__(self, app: web.Application, *, shutdown_timeout_s: float) -> None:
        self._busy: set[BaseProtocol] = set()
        self._served: weakref.WeakSet[asyncio.Transport] = weakref.WeakSet()
        self._unused_since: dict[BaseProtocol, float] = {}
        app.middlewares.append(self._track)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=shutdown_timeout_s)

    async def start(self, port: int) -> int:
        """Listen on `port` (0: any free one) and return it; raises OSError when it is taken."""
        if socket.has_dualstack_ipv6():
            listener = socket.create_server(
                ("::", port), family=socket.AF_INET6, backlog=1024, dualstack_ipv6=True
            )
        else:
            listener = socket.create_server(("0.0.0.0", port), backlog=1024)
        await self._runner.setup()
        await web.SockSite(self._runner, listener, backlog=1024).start()
        return int(listener.getsockname()[1])

    def close_idle(self) -> None:
        """Close the connections that wait for a next request; one with a request under way is left alone.

        One that has not brought its first request is closed by the first call that comes 50 ms after one that saw it:
        whoever has just connected is about to send, and would take a reset for an answer.
        """
        server = self._runner.server
        now = asyncio.get_running_loop().time()
        unused_before, self._unused_since = self._unused_since, {}
        for connection in server.connections if server is not None else ():
            if connection in self._busy:
                continue
            since = unused_before.get(connection, now)
            if connection.transport in self._served or now - since >= _FIRST_REQUEST_WITHIN_S:
                connection.force_close()
            else:
                self._unused_since[connection] = since

    async def stop(self) -> None:
        """Accept no more connections, let requests end within the shutdown timeout, close all."""
        await self._runner.cleanup()

    @web.middleware
    async def _track(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        connection = request.protocol
        self._busy.add(connection)
        try:
            return await handler(request)
        finally:
            self._busy.discard(connection)
            if connection.transport is not None:
                self._served.add(connection.transport)
