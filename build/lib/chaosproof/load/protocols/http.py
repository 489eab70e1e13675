"""HTTP/1.1 over keep-alive connections: one request at a time on each."""

import asyncio
import ssl
import time
from urllib.parse import urlsplit

from chaosproof.errors import UsageError
from chaosproof.load.outcome import FailureCode
from chaosproof.load.plan import Plan
from chaosproof.load.protocols.base import Connection, LoadProtocol, ResponseHandler, check_host
from chaosproof.load.protocols.support.connect import Destination, Resolver, StreamConnection, open_stream
from chaosproof.load.protocols.support.http_parser import HttpResponseError, HttpResponseParser
from chaosproof.load.protocols.support.payload import Payload
from chaosproof.load.success import SuccessRule, read_success

__all__ = ["PROTOCOL", "HttpDriver"]

# What may be sent again without harm (RFC 9110, section 9.2.2).
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
_RESET_WITHIN_S = 0.01
_CONDITIONS = frozenset({"status", "json", "text", "header"})


class HttpDriver:
    """Opens the connections of a plan with an `http://` or `https://` url."""

    def __init__(self, plan: Plan) -> None:
        parts = urlsplit(plan.url)
        host = parts.hostname or ""
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        tls = _tls_context(plan) if secure else None
        self._destination = Destination(Resolver(host, port), tls, host)
        self._method = plan.method
        self._request = _Request(plan)
        self._success = read_success(plan.success, _CONDITIONS, "http")
        self.idempotent = plan.method in _IDEMPOTENT

    async def open(self, handler: ResponseHandler) -> Connection:
        return await open_stream(
            self._destination, lambda: _HttpConnection(handler, self._method, self._request, self._success)
        )


class _HttpConnection(StreamConnection):
    def __init__(
        self, handler: ResponseHandler, method: str, request: "_Request", success: SuccessRule
    ) -> None:
        super().__init__(handler)
        self._request = request
        self._parser = HttpResponseParser(method, success)
        self._busy = False

    def send(self, seq: int) -> None:
        self._busy = True
        self._parser.expect()
        self._transport.write(self._request.of(seq))

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()  # before the response is read: that time is ours, not the server's
        handler = self._handler
        if handler is None:
            return
        if not self._busy:
            # No request is there to respond to: what comes next could be taken for the response to another.
            self._lose(FailureCode.BAD_ANSWER)
            return
        try:
            response = self._parser.feed(data)
        except HttpResponseError as error:
            self._lose(error.code)
            return
        if response is not None:
            self._busy = False
            handler.response_received(now, *response)

    def eof_received(self) -> bool | None:
        response = self._parser.feed_eof() if self._busy else None
        if response is not None and self._handler is not None:
            self._busy = False
            self._handler.response_received(time.monotonic(), *response)
            return None
        super().eof_received()
        if not self._busy or self._unread or self._transport.get_extra_info("sslcontext"):
            return None
        # A program that closes with a request unread sends its end first, and the reset that says so a moment later.
        asyncio.get_running_loop().call_later(_RESET_WITHIN_S, self._lose_late)
        return True

    def _lose_late(self) -> None:
        if self._handler is not None:
            super().eof_received()
            self._lose(FailureCode.CLOSED_EARLY)

    def _response_begun(self) -> bool:
        return self._busy and self._parser.begun


class _Request:
    """The request as it goes onto the wire: the same every time, but for `{seq}` in its body."""

    def __init__(self, plan: Plan) -> None:
        self._head = _head(plan)
        self._body = Payload(plan.body)
        given = {name.lower() for name, _ in plan.headers}
        # RFC 9110, section 8.6: no length where no body is expected and none is there
        self._counted = "content-length" not in given and (
            bool(plan.body) or plan.method in ("POST", "PUT", "PATCH")
        )
        self._whole = None if self._body.varies else self._with_body(plan.body)

    def of(self, seq: int) -> bytes:
        """The bytes of request `seq`."""
        return self._whole or self._with_body(self._body.of(seq))

    def _with_body(self, body: bytes) -> bytes:
        length = b"Content-Length: %d\r\n" % len(body) if self._counted else b""
        return self._head + length + b"\r\n" + body


def _head(plan: Plan) -> bytes:
    """The request's first line and its headers."""
    parts = urlsplit(plan.url)
    path = parts.path or "/"
    target = f"{path}?{parts.query}" if parts.query else path
    given_headers = {name.lower() for name, _ in plan.headers}
    headers = [] if "host" in given_headers else [("Host", parts.netloc.rpartition("@")[2])]
    if "user-agent" not in given_headers:
        headers.append(("User-Agent", "chaosproof"))
    if "accept" not in given_headers:
        headers.append(("Accept", "*/*"))
    headers.extend(plan.headers)
    lines = [f"{plan.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    try:
        return "".join(f"{line}\r\n" for line in lines).encode("ascii")
    except UnicodeEncodeError as error:
        raise UsageError(f"url {plan.url!r} must be ASCII: write it percent-encoded") from error


def _tls_context(plan: Plan) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=plan.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"cannot use the certificate authorities in {plan.ca_file}: {error}") from error
    if not plan.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


PROTOCOL = LoadProtocol(
    name="http",
    schemes=("http", "https"),
    url_form="http[s]://host/path",
    options=frozenset({"method", "headers", "body", "ca_file", "verify_tls"}),
    check_url=check_host,
    make_driver=HttpDriver,
    conditions=_CONDITIONS,
)
