"""Opening a stream to a server: name, socket, TLS. Each failure has a code that names it."""

import asyncio
import errno
import itertools
import random
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from chaosproof.load.outcome import FailureCode
from chaosproof.load.protocols.base import OpenError, ResponseHandler

__all__ = ["Destination", "Resolver", "StreamConnection", "open_stream", "open_unix_stream"]

_RESOLVED_FOR_S = 1.0
_TCP_INFO = struct.Struct("=B23xI")  # tcpi_state and tcpi_unacked of linux/tcp.h
_TCP_CLOSE = 7
_Stream = TypeVar("_Stream", bound=asyncio.BaseProtocol)
_Address = tuple[socket.AddressFamily, Any]

_CODES = {
    errno.ECONNREFUSED: FailureCode.CONNECT_REFUSED,
    errno.ETIMEDOUT: FailureCode.CONNECT_TIMEOUT,
    errno.ECONNRESET: FailureCode.CONNECTION_RESET,
    errno.EPIPE: FailureCode.CONNECTION_RESET,
    errno.EMFILE: FailureCode.NO_FD,
    errno.ENFILE: FailureCode.NO_FD,
    errno.EADDRNOTAVAIL: FailureCode.NO_PORT,
}


class Resolver:
    """The addresses of a host, looked up at most once a second and by one thread at a time.

    The thread is a daemon: a name server that never replies cannot keep the load from ending.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._lookup: asyncio.Future[tuple[_Address, ...]] | None = None
        self._looked_up_at = 0.0
        self._turn = itertools.count(random.randrange(1 << 16))  # each process of a load begins elsewhere
        self._fixed = _numeric(host, port)

    async def addresses(self) -> tuple[_Address, ...]:
        """All addresses, in the order in which the next connection tries them; raises `OpenError`.

        Each connection begins with the next address of the first family, so that all of a name's addresses are used; a
        family that the system puts second is a way out only.
        """
        return _turned(self._fixed or await self._looked_up(), next(self._turn))

    async def _looked_up(self) -> tuple[_Address, ...]:
        old = time.monotonic() - self._looked_up_at > _RESOLVED_FOR_S
        if self._lookup is None or (self._lookup.done() and old):
            loop = asyncio.get_running_loop()
            self._looked_up_at = time.monotonic()
            self._lookup = loop.create_future()
            threading.Thread(target=self._look_up, args=(loop, self._lookup), daemon=True).start()
        addresses = await asyncio.shield(self._lookup)
        if not addresses:
            raise OpenError(FailureCode.DNS_ERROR)
        return addresses

    def _look_up(
        self, loop: asyncio.AbstractEventLoop, lookup: "asyncio.Future[tuple[_Address, ...]]"
    ) -> None:
        try:
            addresses = _look_up(self._host, self._port, 0)
        except (OSError, UnicodeError):
            addresses = ()
        try:
            loop.call_soon_threadsafe(lookup.set_result, addresses)
        except RuntimeError:
            return  # the load ended, and its loop is closed


class StreamConnection(asyncio.Protocol):
    """The part of a `Connection` over a stream that is the same in all protocols.

    A protocol adds `send` and `data_received`. It calls its handler's `response_received`, or `_lose` for what is no
    response; a closed connection has no handler any more.
    """

    _transport: asyncio.Transport  # there before the connection is handed to anybody

    def __init__(self, handler: ResponseHandler) -> None:
        self.lost_code = ""
        self._handler: ResponseHandler | None = handler
        self._unread = False  # the server had closed before what was sent reached it

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape only

    def close(self) -> None:
        self._handler = None
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unread = self._unread or (
            exc is None and _unread(self._transport)
        )  # the reset may come after the end
        self._lose(_lost_code(exc))

    def _response_begun(self) -> bool:
        """Whether a part of a response has come."""
        return False

    def eof_received(self) -> bool | None:
        self._unread = _unread(self._transport)
        return None

    def _lose(self, code: str) -> None:
        """Drop the connection, and tell its handler why."""
        handler = self._handler
        if handler is not None:
            response_begun = self._response_begun()
            self.lost_code = code
            self.close()
            handler.connection_lost(code, response_begun, self._unread)


@dataclass(frozen=True)
class Destination:
    """Where streams go: a host as resolved, and TLS with the name its certificate must bear, if any."""

    resolver: Resolver
    tls: ssl.SSLContext | None = None
    server_name: str | None = None


async def open_stream(destination: Destination, make: Callable[[], _Stream]) -> _Stream:
    """A connected protocol made by `make`; raises `OpenError`."""
    loop = asyncio.get_running_loop()
    code: str = FailureCode.UNREACHABLE
    for family, address in await destination.resolver.addresses():
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            raise OpenError(_open_code(error)) from error
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(sock, address)
        except OSError as error:
            sock.close()
            code = _open_code(error)
            continue
        except BaseException:
            sock.close()
            raise
        return await _wrap(loop, sock, destination, make)
    raise OpenError(code)


async def open_unix_stream(path: str, make: Callable[[], _Stream]) -> _Stream:
    """As `open_stream`, to the Unix socket at `path`."""
    try:
        _, stream = await asyncio.get_running_loop().create_unix_connection(make, path)
    except OSError as error:
        raise OpenError(_open_code(error)) from error
    return stream


def _unread(transport: asyncio.Transport) -> bool:
    """Whether the server's end of the stream was sent before it had what we sent last.

    Its FIN confirms all that had reached the server. What is not confirmed after it came too late for a program that
    has closed already; a server's kernel answers that with a reset, after which the socket is closed.
    """
    sock = transport.get_extra_info("socket")
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
        state, unacknowledged = _TCP_INFO.unpack(info)
    except (OSError, struct.error):
        return False
    return bool(state == _TCP_CLOSE or unacknowledged > 0)


def _lost_code(error: Exception | None) -> str:
    if error is None:
        return FailureCode.CLOSED_EARLY
    if isinstance(error, ssl.SSLError):
        return FailureCode.TLS_ERROR
    if isinstance(error, OSError) and error.errno == errno.ETIMEDOUT:
        return FailureCode.TIMEOUT
    return FailureCode.CONNECTION_RESET


async def _wrap(
    loop: asyncio.AbstractEventLoop,
    sock: socket.socket,
    destination: Destination,
    make: Callable[[], _Stream],
) -> _Stream:
    try:
        _, stream = await loop.create_connection(
            make,
            sock=sock,
            ssl=destination.tls,
            server_hostname=destination.server_name if destination.tls else None,
        )
    except OSError as error:
        sock.close()
        # A peer that hangs up or resets during the handshake has not refused the connection itself.
        raise OpenError(FailureCode.TLS_ERROR if destination.tls else _open_code(error)) from error
    except BaseException:
        sock.close()
        raise
    return stream


def _open_code(error: OSError) -> str:
    return _CODES.get(error.errno or 0, FailureCode.UNREACHABLE)


def _look_up(host: str, port: int, flags: int) -> tuple[_Address, ...]:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return tuple((family, address) for family, _, _, _, address in infos)


def _turned(addresses: tuple[_Address, ...], turn: int) -> tuple[_Address, ...]:
    preferred = [address for address in addresses if address[0] == addresses[0][0]]
    others = [address for address in addresses if address[0] != addresses[0][0]]
    first = turn % len(preferred)
    return (*preferred[first:], *preferred[:first], *others)


def _numeric(host: str, port: int) -> tuple[_Address, ...]:
    try:
        return _look_up(host, port, socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return ()
