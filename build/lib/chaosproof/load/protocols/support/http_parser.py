"""HTTP/1.1 responses (RFC 9112), read by httptools: what a request needs to know of its response, and no more.

A pure parser: bytes in, at most one `HttpResponse` out. It knows nothing of sockets or of time.
"""

import json
from typing import NamedTuple

import httptools

from chaosproof.load.outcome import FailureCode
from chaosproof.load.protocols.base import csv_word
from chaosproof.load.success import BY_DEFAULT, Response, SuccessRule

__all__ = ["HttpResponse", "HttpResponseError", "HttpResponseParser"]

HEADER_BYTES_MAX = 65_536
BODY_BYTES_KEPT = 65_536
# A rule that looks at the body needs all of it; what is longer is no JSON to it, and misses its text.
BODY_BYTES_JUDGED = 4_194_304
_BEGINNING = b"HTTP/1."


class HttpResponseError(Exception):
    """The bytes are no HTTP response; `code` names why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class HttpResponse(NamedTuple):
    """A whole response: its status, the application's own word for it, the instance that sent it, and whether the
    connection can be used again.
    """

    status: int
    code: str
    instance: str
    reusable: bool


class HttpResponseParser:
    """Reads the responses of one connection, one at a time. Call `expect` before each request; after an error, or a
    response that is not `reusable`, the parser is of no more use, like its connection.

    The methods `on_...` are those that httptools calls.
    """

    def __init__(self, method: str, success: SuccessRule = BY_DEFAULT) -> None:
        self._success = success
        self._kept_bytes = BODY_BYTES_JUDGED if success.reads_body else BODY_BYTES_KEPT
        self._bodiless = method == "HEAD"
        self._parser = self._new_parser()
        self.expect()

    def _new_parser(self) -> httptools.HttpResponseParser:
        parser = httptools.HttpResponseParser(self)
        # Content-Length beside chunks is accepted, as by browsers, and the connection is not used again.
        parser.set_dangerous_leniencies(lenient_chunked_length=True)
        return parser

    def expect(self) -> None:
        """Get ready for the response to the next request."""
        if self._bodiless:
            # httptools cannot be told that there is no body: its parser waits for one after every head.
            self._parser = self._new_parser()
        self._start = self._body = b""
        self._whole: HttpResponse | None = None
        self._surplus = False
        self.begun = False
        self._begin_head()

    def _begin_head(self) -> None:
        self._status = 0
        self._headers: dict[str, str] = {}
        self._instance = ""
        self._connection = b""
        self._keep_alive = self._has_length = self._is_encoded = self._is_chunked = False
        self._header_bytes = self._unread_bytes = 0

    def feed(self, data: bytes) -> HttpResponse | None:
        """The response once it is whole; raises `HttpResponseError`. Bytes after it make the connection unusable."""
        self.begun = True
        if len(self._start) < len(_BEGINNING):
            # httptools also reads other protocols and versions, and skips blank lines.
            self._start = data = self._start + data
            if not data.startswith(_BEGINNING):
                if _BEGINNING.startswith(data):
                    return None
                raise HttpResponseError(FailureCode.BAD_ANSWER)
        self._unread_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if self._whole is None:
                reason = error.__context__
                raise (
                    reason
                    if isinstance(reason, HttpResponseError)
                    else HttpResponseError(FailureCode.BAD_ANSWER)
                ) from error
            self._surplus = True
        if self._whole is None:
            if self._unread_bytes > HEADER_BYTES_MAX:
                raise HttpResponseError(FailureCode.HEADER_TOO_LARGE)
        elif self._surplus:
            # Bytes that belong to no request: what follows could be taken for the response to the next.
            return self._whole._replace(reusable=False)
        return self._whole

    def feed_eof(self) -> HttpResponse | None:
        """The response that ends where the connection does, if this is one."""
        if self._status and not self._has_length and not self._is_chunked:
            self._keep_alive = False
            self.on_message_complete()
        return self._whole

    def on_message_begin(self) -> None:
        self._surplus = self._whole is not None

    def on_header(self, name: bytes, value: bytes) -> None:
        self._unread_bytes = 0
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > HEADER_BYTES_MAX:
            raise HttpResponseError(FailureCode.HEADER_TOO_LARGE)
        if self._success.headers and (key := name.decode("latin-1").lower()) in self._success.headers:
            self._headers[key] = value.decode("latin-1").strip()
        match name.lower():
            case b"x-instance":
                self._instance = csv_word(value.decode("latin-1").strip())
            case b"content-length":
                self._has_length = True
            case b"connection":
                self._connection = value.lower()
            case b"transfer-encoding":
                self._is_encoded = True
                self._is_chunked = value.strip().lower().endswith(b"chunked")

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            if status < 100 or status == 101:  # 101: no request asked to switch protocols
                raise HttpResponseError(FailureCode.BAD_ANSWER)
            return
        self._status = status
        # Both framings at once may be an attempt at smuggling.
        self._keep_alive = self._parser.should_keep_alive() and not (self._has_length and self._is_encoded)
        if self._bodiless and self._whole is None:
            persistent = self._parser.get_http_version() == "1.1" and b"close" not in self._connection
            self._keep_alive |= persistent
            self.on_message_complete()

    def on_chunk_header(self) -> None:
        self._unread_bytes = 0
        self._surplus = self._whole is not None

    def on_body(self, data: bytes) -> None:
        self._unread_bytes = 0
        self._surplus = self._whole is not None
        if len(self._body) <= self._kept_bytes:
            self._body += data[: self._kept_bytes + 1]

    def on_message_complete(self) -> None:
        if not self._status:
            self._begin_head()  # an interim response; the final one follows
        elif self._whole is None:
            code = _code(self._status, self._body)
            body = self._body if len(self._body) <= self._kept_bytes else None
            status, code = self._success.outcome(Response(self._status, code, body, self._headers))
            self._whole = HttpResponse(status, code, self._instance, self._keep_alive)


def _code(status: int, body: bytes) -> str:
    """The `code` of a body that is a JSON object and has one, else the status."""
    if body[:1] == b"{" and len(body) <= BODY_BYTES_KEPT:
        try:
            code = json.loads(body).get("code")
        except (ValueError, RecursionError):
            code = None
        if isinstance(code, str) and code:
            return csv_word(code)
    return f"HTTP_{status}"
