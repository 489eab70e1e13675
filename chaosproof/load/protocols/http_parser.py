"""HTTP/1.1 responses (RFC 9112), read by httptools: what a request needs to know of its response, and no more.

A pure parser: bytes in, at most one `HttpResponse` out. It knows nothing of sockets or of time.
"""

import json
from dataclasses import dataclass

import httptools

from chaosproof.load.protocols.base import BAD_ANSWER, HEADER_TOO_LARGE, csv_word

__all__ = ["HttpResponse", "HttpResponseError", "HttpResponseParser"]

HEADER_BYTES_MAX = 65_536
BODY_BYTES_KEPT = 65_536


class HttpResponseError(Exception):
    """The bytes are no HTTP response; `code` names why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole response: its status, the application's own word for it, the instance that sent it, and whether the
    connection can be used again.
    """

    status: int
    code: str
    instance: str
    reusable: bool


class HttpResponseParser:
    """Reads the responses of one connection, one at a time. Call `expect` before each request.

    The methods `on_...` are those that httptools calls. It has no way to say that a response to HEAD has no body, so
    each response has a parser of its own, which is left where it stands once the response is whole.
    """

    def __init__(self, method: str) -> None:
        self._bodiless = method == "HEAD"
        self.expect()

    def expect(self) -> None:
        """Get ready for the response to the next request."""
        self._parser = httptools.HttpResponseParser(self)
        # Content-Length beside chunks is accepted, as by browsers, and the connection is not used again.
        self._parser.set_dangerous_leniencies(lenient_chunked_length=True)
        self._body = bytearray()
        self._whole: HttpResponse | None = None
        self.begun = False
        self._begin_head()

    def _begin_head(self) -> None:
        self._status = 0
        self._instance = ""
        self._connection = b""
        self._keep_alive = False
        self._has_length = self._is_chunked = self._is_encoded = False
        self._header_bytes = self._unread_bytes = 0

    def feed(self, data: bytes) -> HttpResponse | None:
        """The response once it is whole; raises `HttpResponseError`. Bytes after it make the connection unusable."""
        if not self.begun:
            self.begun = True
            if data[:1] != b"H":  # httptools also reads RTSP and ICE, and skips blank lines
                raise HttpResponseError(BAD_ANSWER)
        self._unread_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if self._whole is None:
                reason = error.__context__
                raise (
                    reason if isinstance(reason, HttpResponseError) else HttpResponseError(BAD_ANSWER)
                ) from error
            self._refuse_surplus()
        if self._unread_bytes > HEADER_BYTES_MAX:
            raise HttpResponseError(HEADER_TOO_LARGE)
        return self._whole

    def feed_eof(self) -> HttpResponse | None:
        """The response that ends where the connection does, if this is one."""
        if self._status and not self._has_length and not self._is_chunked:
            self._keep_alive = False
            self._finish()
        return self._whole

    def _refuse_surplus(self) -> None:
        """After bytes that belong to no request, what follows could be taken for the response to the next."""
        if self._whole is not None:
            self._keep_alive = False
            self._finish()

    def on_message_begin(self) -> None:
        self._refuse_surplus()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._whole is not None:
            return
        self._header_bytes += len(name) + len(value)
        self._unread_bytes = 0
        if self._header_bytes > HEADER_BYTES_MAX:
            raise HttpResponseError(HEADER_TOO_LARGE)
        name = name.lower()
        if name == b"x-instance":
            self._instance = csv_word(value.decode("latin-1").strip())
        elif name == b"content-length":
            self._has_length = True
        elif name == b"connection":
            self._connection = value.lower()
        elif name == b"transfer-encoding":
            self._is_encoded = True
            self._is_chunked = value.strip().lower().endswith(b"chunked")

    def on_headers_complete(self) -> None:
        if self._whole is not None:
            return
        status, version = self._parser.get_status_code(), self._parser.get_http_version()
        if status < 100 or status == 101 or version not in ("1.1", "1.0"):
            raise HttpResponseError(BAD_ANSWER)  # 101: no request asked to switch protocols
        if status < 200:
            return
        self._status = status
        self._unread_bytes = 0
        # Both framings at once may be an attempt at smuggling.
        self._keep_alive = self._parser.should_keep_alive() and not (self._has_length and self._is_encoded)
        if self._bodiless:
            self._keep_alive |= version == "1.1" and b"close" not in self._connection
            self._finish()

    def on_chunk_header(self) -> None:
        self._unread_bytes = 0
        self._refuse_surplus()

    def on_body(self, data: bytes) -> None:
        self._unread_bytes = 0
        self._refuse_surplus()
        if len(self._body) <= BODY_BYTES_KEPT:
            self._body += data[: BODY_BYTES_KEPT + 1 - len(self._body)]

    def on_message_complete(self) -> None:
        if not self._status:
            self._begin_head()  # an interim response; the final one follows
        elif self._whole is None:
            self._finish()

    def _finish(self) -> None:
        self._unread_bytes = 0
        self._whole = HttpResponse(
            self._status, _code(self._status, self._body), self._instance, self._keep_alive
        )


def _code(status: int, body: bytearray) -> str:
    """The `code` of a body that is a JSON object and has one, else the status."""
    if body[:1] == b"{" and len(body) <= BODY_BYTES_KEPT:
        try:
            code = json.loads(body).get("code")
        except (ValueError, RecursionError):
            code = None
        if isinstance(code, str) and code:
            return csv_word(code)
    return f"HTTP_{status}"
