"""Reading HTTP/1.1 answers (RFC 9112), strictly and without copying what nobody will look at.

A pure parser: bytes in, at most one `HttpResponse` out. It knows nothing of sockets or of time.
"""

import json
from dataclasses import dataclass

from chaosproof.load.protocols.base import BAD_ANSWER, HEADER_TOO_LARGE, word

__all__ = ["HttpResponse", "HttpResponseError", "HttpResponseParser"]

HEAD_BYTES_MAX = 65_536
BODY_BYTES_KEPT = 65_536
_CHUNK_LINE_BYTES_MAX = 4_096


class HttpResponseError(Exception):
    """What came is no HTTP answer; `code` names why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A whole answer: its status, the application's own word for it, who gave it, and what may follow."""

    status: int
    code: str
    instance: str
    reusable: bool


class HttpResponseParser:
    """Reads the answers of one connection, one at a time. `expect` before each request."""

    def __init__(self, method: str) -> None:
        self._bodiless = method == "HEAD"
        self._buffer = bytearray()
        self.expect()

    def expect(self) -> None:
        """Make ready for the answer to the next request."""
        self._buffer.clear()
        self._body = bytearray()
        self._status = 0
        self._instance = ""
        self._reusable = True
        self._left = 0
        self._read = self._read_head
        self.begun = False

    def feed(self, data: bytes) -> HttpResponse | None:
        """The answer once it is whole; raises `HttpResponseError`. Bytes after it make the connection unusable."""
        self.begun = True
        self._buffer += data
        while self._read():
            if self._read == self._whole:
                if self._buffer:
                    self._reusable = False
                return self._answer()
        return None

    def feed_eof(self) -> HttpResponse | None:
        """The answer that ends where the connection does, if this is one."""
        if self._read == self._read_until_close:
            self._reusable = False
            return self._answer()
        return None

    def _answer(self) -> HttpResponse:
        return HttpResponse(self._status, _code(self._status, self._body), self._instance, self._reusable)

    # Each reader returns True when it got on, and has set the reader of what comes next.

    def _whole(self) -> bool:
        return True

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end > HEAD_BYTES_MAX or (end < 0 and len(self._buffer) > HEAD_BYTES_MAX):
            raise HttpResponseError(HEADER_TOO_LARGE)
        if end < 0:
            # Refuse at once what cannot become an answer, rather than wait for the end of its head.
            if not b"HTTP/1.".startswith(self._buffer[:7]):
                raise HttpResponseError(BAD_ANSWER)
            return False
        head = self._buffer[:end].decode("latin-1")
        del self._buffer[: end + 4]
        self._take_head(head)
        return True

    def _take_head(self, head: str) -> None:
        lines = head.split("\r\n")
        version, status = _status_line(lines[0])
        if 100 <= status < 200:
            if status == 101:
                raise HttpResponseError(BAD_ANSWER)  # nobody asked to switch protocols
            return  # an interim answer; the final one follows
        length: str | None = None
        chunked = False
        encoded = False
        persistent = version == "HTTP/1.1"
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or not name or name[-1] in " \t" or name[0] in " \t":
                raise HttpResponseError(BAD_ANSWER)
            name = name.lower()
            if name == "content-length":
                value = value.strip()
                if not (value.isascii() and value.isdigit()) or length not in (None, value):
                    raise HttpResponseError(BAD_ANSWER)
                length = value
            elif name == "transfer-encoding":
                encoded = True
                chunked = value.strip().lower().endswith("chunked")
            elif name == "connection":
                tokens = [token.strip() for token in value.lower().split(",")]
                if "close" in tokens:
                    persistent = False
                elif "keep-alive" in tokens:
                    persistent = True
            elif name == "x-instance":
                self._instance = word(value.strip())
        self._status = status
        self._reusable = persistent
        if self._bodiless or status in (204, 304):
            self._read = self._whole
        elif encoded:
            # Both framings at once may be an attempt at smuggling: the connection is not used again.
            self._reusable = persistent and length is None
            self._read = self._read_chunk_size if chunked else self._read_until_close
        elif length is not None:
            self._left = int(length)
            self._read = self._read_body if self._left else self._whole
        else:
            self._read = self._read_until_close

    def _read_body(self) -> bool:
        self._left -= self._take(self._left)
        if self._left:
            return False
        self._read = self._whole
        return True

    def _read_until_close(self) -> bool:
        self._take(len(self._buffer))
        return False

    def _read_chunk_size(self) -> bool:
        line = self._line()
        if line is None:
            return False
        size = line.partition(b";")[0].strip()
        if not size or size.strip(b"0123456789abcdefABCDEF") or len(size) > 15:
            raise HttpResponseError(BAD_ANSWER)
        self._left = int(size, 16)
        self._read = self._read_chunk if self._left else self._read_trailer
        return True

    def _read_chunk(self) -> bool:
        self._left -= self._take(self._left)
        if self._left or len(self._buffer) < 2:
            return False
        if self._buffer[:2] != b"\r\n":
            raise HttpResponseError(BAD_ANSWER)
        del self._buffer[:2]
        self._read = self._read_chunk_size
        return True

    def _read_trailer(self) -> bool:
        line = self._line()
        if line is None:
            return False
        if not line:
            self._read = self._whole
        return True

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end > _CHUNK_LINE_BYTES_MAX or (end < 0 and len(self._buffer) > _CHUNK_LINE_BYTES_MAX):
            raise HttpResponseError(BAD_ANSWER)
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _take(self, wanted: int) -> int:
        """Move up to `wanted` bytes of body out of the buffer; keep only as many as may hold a code."""
        taken = min(wanted, len(self._buffer))
        room = BODY_BYTES_KEPT + 1 - len(self._body)
        if room > 0:
            self._body += self._buffer[: min(taken, room)]
        del self._buffer[:taken]
        return taken


def _status_line(line: str) -> tuple[str, int]:
    """The version and the status of a status line."""
    version, _, rest = line.partition(" ")
    status = rest[:3]
    if version not in ("HTTP/1.1", "HTTP/1.0") or not (status.isascii() and status.isdigit()):
        raise HttpResponseError(BAD_ANSWER)
    if len(status) != 3 or status < "100" or rest[3:4] not in ("", " "):
        raise HttpResponseError(BAD_ANSWER)
    return version, int(status)


def _code(status: int, body: bytearray) -> str:
    """The body's own `code` where it is a JSON object that has one, else the status."""
    if body[:1] == b"{" and len(body) <= BODY_BYTES_KEPT:
        try:
            code = json.loads(body).get("code")
        except (ValueError, RecursionError):
            code = None
        if isinstance(code, str) and code:
            return word(code)
    return f"HTTP_{status}"
