"""Which connections `close_idle` closes, on a real server and real sockets.

.venv/bin/python -m pytest tests/demo/test_grpc_http_server.py
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chaosproof.demo.grpc.http_server import HttpServer, new_app
from chaosproof.demo.grpc.metrics import new_registry

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(REQUEST)
    return await asyncio.wait_for(reader.readuntil(b"ok\n"), 5)


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[HttpServer, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A server, and a connection that it has accepted."""
    server = HttpServer(new_app(new_registry(), ready=lambda: False), shutdown_timeout_s=1)
    port = await server.start(0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    later_reader, later_writer = await asyncio.open_connection("127.0.0.1", port)
    await answer(later_reader, later_writer)  # the first has been accepted by then
    later_writer.close()
    try:
        yield server, reader, writer
    finally:
        writer.close()
        await server.stop()


def test_one_that_has_just_connected_is_answered() -> None:
    async def whole() -> None:
        async with connected() as (server, reader, writer):
            server.close_idle()
            assert (await answer(reader, writer)).startswith(b"HTTP/1.1 200 ")

    asyncio.run(whole())


def test_one_that_has_its_answer_is_closed() -> None:
    async def whole() -> None:
        async with connected() as (server, reader, writer):
            await answer(reader, writer)
            server.close_idle()
            assert await asyncio.wait_for(reader.read(), 5) == b""

    asyncio.run(whole())


def test_one_that_brings_nothing_is_closed_50_ms_later() -> None:
    async def whole() -> None:
        async with connected() as (server, reader, _):
            server.close_idle()
            await asyncio.sleep(0.05)
            assert not reader.at_eof()
            server.close_idle()
            assert await asyncio.wait_for(reader.read(), 5) == b""

    asyncio.run(whole())
