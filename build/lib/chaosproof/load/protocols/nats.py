"""NATS request and reply (`nats://host:4222/the.subject`): one request at a time on each connection.

The protocol is text (INFO, CONNECT, SUB, PUB, MSG, HMSG, PING, PONG); each request has an inbox of its own,
so that a reply cannot be taken for another's. For a subject that nobody serves the server replies at once: status 503,
NO_RESPONDERS.
"""

import asyncio
import json
import secrets
import time
from urllib.parse import SplitResult, unquote, urlsplit

from chaosproof.errors import UsageError
from chaosproof.load.outcome import FailureCode
from chaosproof.load.plan import Plan
from chaosproof.load.protocols.base import Connection, LoadProtocol, OpenError, ResponseHandler, check_host
from chaosproof.load.protocols.support.connect import Destination, Resolver, StreamConnection, open_stream
from chaosproof.load.protocols.support.nats_reply import nats_response
from chaosproof.load.protocols.support.payload import Payload
from chaosproof.load.success import SuccessRule, read_success

__all__ = ["PROTOCOL", "NatsDriver"]

_PORT = 4222
_LINE_BYTES_MAX = 65_536
_PAYLOAD_BYTES_MAX = 64 * 1024 * 1024
_CONDITIONS = frozenset({"json", "text", "header"})
_CONNECT = {
    "verbose": False,
    "pedantic": False,
    "lang": "python",
    "version": "1",
    "protocol": 1,
    "headers": True,
    "no_responders": True,
    "name": "chaosproof",
}


class NatsDriver:
    """Opens the connections of a plan with a `nats://` url."""

    # Whether a subject's handler may get a request twice is not known here.
    idempotent = False

    def __init__(self, plan: Plan) -> None:
        parts = urlsplit(plan.url)
        self._destination = Destination(Resolver(parts.hostname or "", parts.port or _PORT))
        self._connect = json.dumps({**_CONNECT, **_credentials(parts)}).encode()
        self._subject = unquote(parts.path.strip("/")).encode()
        self._payload = Payload(plan.body)
        self._success = read_success(plan.success, _CONDITIONS, "nats")

    async def open(self, handler: ResponseHandler) -> Connection:
        connection = await open_stream(
            self._destination,
            lambda: _NatsConnection(handler, self._connect, self._subject, self._payload, self._success),
        )
        try:
            await asyncio.shield(connection.ready)
        except BaseException:
            connection.close()
            raise
        return connection


class _NatsConnection(StreamConnection):
    def __init__(
        self, handler: ResponseHandler, connect: bytes, subject: bytes, payload: Payload, success: SuccessRule
    ) -> None:
        super().__init__(handler)
        self._success = success
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._connect = connect
        self._subject = subject
        self._payload = payload
        self._inbox = b"_INBOX." + secrets.token_hex(11).encode()
        self._seq: int | None = None
        self._buffer = b""
        # Of the message that is being read: its inbox, the length of its headers, and that of all of it.
        self._message: tuple[bytes, int, int] | None = None

    def send(self, seq: int) -> None:
        self._seq = seq
        payload = self._payload.of(seq)
        self._transport.write(
            b"PUB %b %b.%d %d\r\n%b\r\n" % (self._subject, self._inbox, seq, len(payload), payload)
        )

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        while self._handler is not None and (
            self._read_line() if self._message is None else self._read_message()
        ):
            pass

    def _read_line(self) -> bool:
        """Take one line of the protocol; False when there is none yet."""
        line, end, rest = self._buffer.partition(b"\r\n")
        if not end:
            if len(line) > _LINE_BYTES_MAX:
                self._lose(FailureCode.BAD_ANSWER)
            return False
        self._buffer = rest
        tokens = line.split()
        verb = tokens[0].upper() if tokens else b""
        if verb in (b"MSG", b"HMSG"):
            self._message = _message(tokens)
            if self._message is None:
                self._lose(FailureCode.BAD_ANSWER)
        elif verb == b"INFO":
            if not self.ready.done():
                self._send_connect()
        elif verb == b"PING":
            self._transport.write(b"PONG\r\n")
        elif verb == b"PONG":
            if not self.ready.done():
                self.ready.set_result(None)
        elif verb == b"-ERR":
            self._lose("NATS_AUTHORIZATION" if b"authorization" in line.lower() else "NATS_ERROR")
        elif verb != b"+OK":
            self._lose(FailureCode.BAD_ANSWER)
        return True

    def _read_message(self) -> bool:
        assert self._message is not None
        inbox, headers_length, length = self._message
        if len(self._buffer) < length + 2:
            return False
        message, self._buffer = self._buffer[:length], self._buffer[length + 2 :]
        self._message = None
        if (
            self._seq is not None
            and inbox == b"%b.%d" % (self._inbox, self._seq)
            and self._handler is not None
        ):
            self._seq = None
            response = nats_response(message[:headers_length], message[headers_length:])
            status, code = self._success.outcome(response)
            self._handler.response_received(time.monotonic(), status, code, instance="", reusable=True)
        return True

    def _send_connect(self) -> None:
        self._transport.write(b"CONNECT %b\r\nSUB %b.* 1\r\nPING\r\n" % (self._connect, self._inbox))

    def _lose(self, code: str) -> None:
        if self._handler is not None and not self.ready.done():
            self.ready.set_exception(OpenError(code))
        super()._lose(code)


def _credentials(parts: SplitResult) -> dict[str, str]:
    """What CONNECT says of who we are: nats://user:password@host, or nats://token@host."""
    name, password = (unquote(text or "") for text in (parts.username, parts.password))
    if not name:
        return {}
    return {"user": name, "pass": password} if parts.password is not None else {"auth_token": name}


def _message(tokens: list[bytes]) -> tuple[bytes, int, int] | None:
    """The inbox and the lengths that a MSG or HMSG line names; None when it is malformed."""
    has_headers = tokens[0].upper() == b"HMSG"
    lengths = tokens[-2:] if has_headers else [b"0", tokens[-1]]
    if len(tokens) not in ((5, 6) if has_headers else (4, 5)) or not all(
        length.isdigit() for length in lengths
    ):
        return None
    headers_length, length = int(lengths[0]), int(lengths[1])
    if not headers_length <= length <= _PAYLOAD_BYTES_MAX:
        return None
    return tokens[1], headers_length, length


def _check_url(url: str, parts: SplitResult) -> None:
    check_host(url, parts, credentials=True)
    if not parts.path.strip("/"):
        raise UsageError(f"url {url!r} names no subject: nats://host:4222/the.subject")


PROTOCOL = LoadProtocol(
    name="nats",
    schemes=("nats",),
    url_form="nats://[user:password@|token@]host:port/subject",
    options=frozenset({"body"}),
    check_url=_check_url,
    make_driver=NatsDriver,
    conditions=_CONDITIONS,
)
