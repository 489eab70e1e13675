"""Ports published to the host's loopback, as `docker -p` does it, without touching the host's network.

The launcher opened the listening sockets on the host; this process lives in the lab's namespace and inherited
them, so it accepts outside and connects inside.
"""

import asyncio
import signal
import socket
from collections.abc import Sequence
from functools import partial

from chaosproof.targets.local.spec import PublishedPort

__all__ = ["serve_published_ports"]

_CHUNK_BYTES = 65536


async def serve_published_ports(ports: Sequence[PublishedPort]) -> None:
    """Forward every connection to each port's inner address, until cancelled or told to end by SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    servers = [
        await asyncio.start_server(partial(_forward, port), sock=socket.socket(fileno=port.fd))
        for port in ports
    ]
    await stop.wait()
    for server in servers:
        server.close()


async def _forward(port: PublishedPort, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        inner_reader, inner_writer = await asyncio.open_connection(port.address, port.port)
    except OSError:
        # The outer client sees what a refused connection looks like through any forwarder: an abrupt end.
        writer.transport.abort()
        return
    try:
        await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
    except OSError:
        # A reset on one side is a reset on the other.
        writer.transport.abort()
        inner_writer.transport.abort()
    finally:
        writer.close()
        inner_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK_BYTES):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
