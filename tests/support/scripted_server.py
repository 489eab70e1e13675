"""A server on a free port of the loopback that does with each connection what a test tells it to."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

OK = b'HTTP/1.1 200 OK\r\nContent-Length: 28\r\nx-instance: app-a-0\r\n\r\n{"ok":true,"code":"SUCCESS"}'

Script = Callable[["Peer"], Awaitable[None]]


@dataclass
class Peer:
    """One accepted connection, and its place in the order of accepting."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self) -> bytes:
        """The head of the next request; empty when the client has closed."""
        try:
            return await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """End the connection with RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def close(self) -> None:
        """End the connection with FIN."""
        self.writer.close()

    async def gone(self) -> None:
        """Return when the client has closed."""
        while await self.reader.read(65536):
            pass


@dataclass
class ScriptedServer:
    port: int
    peers: list[Peer] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/work"


@asynccontextmanager
async def serve(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedServer]:
    """Run `script` for every connection to a new server, until the block ends."""
    tasks: set[asyncio.Task[None]] = set()
    scripted = ScriptedServer(0)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        peer = Peer(len(scripted.peers), reader, writer)
        scripted.peers.append(peer)
        try:
            await script(peer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def answer_all(peer: Peer) -> None:
    """Answer every request with OK, as long as there are any."""
    while await peer.request():
        await peer.send(OK)


def respond(*responses: bytes, then: Literal["close", "reset", "wait"] = "close") -> Script:
    """A script that answers requests with these responses; then it closes, resets, or waits until the client closes."""

    async def script(peer: Peer) -> None:
        for response in responses:
            await peer.request()
            await peer.send(response)
        if then == "reset":
            peer.reset()
        elif then == "wait":
            await peer.gone()

    return script
