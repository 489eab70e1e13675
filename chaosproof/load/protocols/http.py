"""HTTP/1.1 over keep-alive connections: one request at a time on each, responses read by `http_parser.py`."""

import asyncio
import ssl
import time
from typing import cast
from urllib.parse import urlsplit

from chaosproof.errors import UsageError
from chaosproof.load.plan import Plan
from chaosproof.load.protocols.base import Connection, Owner
from chaosproof.load.protocols.connect import Resolver, StreamPlace, lost_code, open_stream
from chaosproof.load.protocols.http_parser import HttpResponseError, HttpResponseParser

__all__ = ["HttpDriver"]

# What may be sent again without harm (RFC 9110, section 9.2.2).
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})


class HttpDriver:
    """Opens the connections of a plan with an `http://` or `https://` url."""

    def __init__(self, plan: Plan) -> None:
        parts = urlsplit(plan.url)
        host = parts.hostname or ""
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        tls = _tls_context(plan) if secure else None
        self._place = StreamPlace(Resolver(host, port), tls, host)
        self._method = plan.method
        self._request = _request(plan)
        self.idempotent = plan.method in _IDEMPOTENT

    async def open(self, owner: Owner) -> Connection:
        return await open_stream(self._place, lambda: _HttpConnection(owner, self._method, self._request))


class _HttpConnection(asyncio.Protocol):
    def __init__(self, owner: Owner, method: str, request: bytes) -> None:
        self.lost_code = ""
        self._owner: Owner | None = owner
        self._request = request
        self._parser = HttpResponseParser(method)
        self._busy = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by shape only

    def send(self, seq: int) -> None:
        assert self._transport is not None
        self._busy = True
        self._parser.expect()
        self._transport.write(self._request)

    def close(self) -> None:
        self._owner = None
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()  # before the answer is read: that time is ours, not the server's
        owner = self._owner
        if owner is None:
            return
        if not self._busy:
            # An answer that nobody asked for: whatever comes next could be taken for the wrong request's.
            self._lose("BAD_ANSWER")
            return
        try:
            answer = self._parser.feed(data)
        except HttpResponseError as error:
            self._lose(error.code)
            return
        if answer is not None:
            self._busy = False
            owner.answered(now, answer.status, answer.code, answer.instance, answer.reusable)

    def eof_received(self) -> None:
        answer = self._parser.feed_eof() if self._busy else None
        if answer is not None and self._owner is not None:
            self._busy = False
            self._owner.answered(
                time.monotonic(), answer.status, answer.code, answer.instance, reusable=False
            )

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(lost_code(exc))

    def _lose(self, code: str) -> None:
        owner = self._owner
        if owner is None:
            return
        self.lost_code = code
        self.close()
        owner.lost(code, self._busy and self._parser.begun)


def _request(plan: Plan) -> bytes:
    """The request as it goes onto the wire, the same every time."""
    parts = urlsplit(plan.url)
    path = parts.path or "/"
    target = f"{path}?{parts.query}" if parts.query else path
    given = {name.lower() for name, _ in plan.headers}
    headers = [] if "host" in given else [("Host", parts.netloc.rpartition("@")[2])]
    if "user-agent" not in given:
        headers.append(("User-Agent", "chaosproof"))
    if "accept" not in given:
        headers.append(("Accept", "*/*"))
    headers.extend(plan.headers)
    if "content-length" not in given and (plan.body or plan.method in ("POST", "PUT", "PATCH")):
        headers.append(("Content-Length", str(len(plan.body))))
    lines = [f"{plan.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    try:
        head = "\r\n".join(lines).encode("ascii")
    except UnicodeEncodeError as error:
        raise UsageError(f"url {plan.url!r} must be ASCII: write it percent-encoded") from error
    return head + b"\r\n\r\n" + plan.body


def _tls_context(plan: Plan) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=plan.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"cannot use the certificate authorities in {plan.ca_file}: {error}") from error
    if not plan.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
