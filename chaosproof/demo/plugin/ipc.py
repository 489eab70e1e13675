"""Frames over a Unix socket (`ipc:///path.sock`): one request at a time on each connection.

`?frame=TASK_SUBMIT` behind the path has it send tasks, `?frame=PING` (and nothing) pings;
`chaosproof.demo.router.frames` says what a frame is.
"""

import struct
import time
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from chaosproof.demo.router.frames import (
    FRAME_BYTES_MAX,
    PING,
    PONG,
    RESPONSE_ERROR,
    RESPONSE_OK,
    TASK_SUBMIT,
    VERSION,
)
from chaosproof.errors import UsageError
from chaosproof.load.outcome import FailureCode
from chaosproof.load.plan import Plan
from chaosproof.load.protocols.base import Connection, LoadProtocol, ResponseHandler
from chaosproof.load.protocols.support.connect import StreamConnection, open_unix_stream
from chaosproof.load.protocols.support.payload import Payload
from chaosproof.load.protocols.support.reply import OK, error_of
from chaosproof.load.success import Response, SuccessRule, read_success

__all__ = ["PROTOCOL", "IpcDriver"]

_HEADER = struct.Struct(">IBB")
_FRAMES = {"PING": PING, "TASK_SUBMIT": TASK_SUBMIT}
_CONDITIONS = frozenset({"json", "text"})
_TASK = (
    b'{"version":"1","request_id":"load-{seq}","trace_id":"load-{seq}","tenant_id":"load",'
    b'"task":{"type":"text.generate","payload":{"text":"load"}}}'
)


class IpcDriver:
    """Opens the connections of a plan with an `ipc://` url."""

    def __init__(self, plan: Plan) -> None:
        self._path = unquote(urlsplit(plan.url).path)
        self._type = _FRAMES[_frame_of(plan.url)]
        self._payload = Payload(plan.body or (_TASK if self._type == TASK_SUBMIT else b""))
        self._success = read_success(plan.success, _CONDITIONS, "ipc")
        self.idempotent = self._type == PING

    async def open(self, handler: ResponseHandler) -> Connection:
        return await open_unix_stream(
            self._path, lambda: _IpcConnection(handler, self._type, self._payload, self._success)
        )


class _IpcConnection(StreamConnection):
    def __init__(
        self, handler: ResponseHandler, frame_type: int, payload: Payload, success: SuccessRule
    ) -> None:
        super().__init__(handler)
        self._success = success
        self._type = frame_type
        self._payload = payload
        self._sent = b""
        self._busy = False
        self._buffer = b""

    def send(self, seq: int) -> None:
        self._busy = True
        self._sent = payload = self._payload.of(seq)
        self._transport.write(_HEADER.pack(_HEADER.size + len(payload), VERSION, self._type) + payload)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        handler = self._handler
        if handler is None:
            return
        if self._buffer:
            data = self._buffer + data
        if len(data) < _HEADER.size:
            self._buffer = data
            return
        length, version, frame_type = _HEADER.unpack_from(data)
        if not _HEADER.size <= length <= FRAME_BYTES_MAX or version != VERSION or not self._busy:
            self._lose(FailureCode.BAD_ANSWER)
            return
        if len(data) < length:
            self._buffer = data
            return
        self._buffer = b""
        outcome = self._outcome(frame_type, data[_HEADER.size :])
        if outcome is None or len(data) > length:  # too many bytes: some belong to no request
            self._lose(FailureCode.BAD_ANSWER)
            return
        self._busy = False
        status, code = self._success.outcome(Response(*outcome, data[_HEADER.size :]))
        handler.response_received(now, status, code, instance="", reusable=True)

    def _outcome(self, frame_type: int, payload: bytes) -> tuple[int, str] | None:
        """Status and code of a response; None when it does not fit the request."""
        if frame_type == PONG and self._type == PING:
            return (200, "PONG") if payload == self._sent else None
        if frame_type == RESPONSE_OK and self._type != PING:
            return 200, OK
        return error_of(payload) if frame_type == RESPONSE_ERROR else None

    def _response_begun(self) -> bool:
        return bool(self._buffer)


def _check_url(url: str, parts: SplitResult) -> None:
    if parts.netloc or not parts.path.strip("/"):
        raise UsageError(f"url {url!r} must name a socket's absolute path: ipc:///run/gateway.sock")
    _frame_of(url)


def _frame_of(url: str) -> str:
    """The frame that the url's query names. Raises `UsageError` for one that there is not, and for anything else."""
    options = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    frame = options.pop("frame", "PING")
    if options:
        raise UsageError(f"url {url!r} has the unknown option {next(iter(options))!r}; known is frame")
    if frame not in _FRAMES:
        raise UsageError(f"frame {frame!r} is unknown; known are {', '.join(_FRAMES)}")
    return frame


PROTOCOL = LoadProtocol(
    name="ipc",
    schemes=("ipc",),
    url_form="ipc:///path.sock[?frame=TASK_SUBMIT]",
    options=frozenset({"body"}),
    check_url=_check_url,
    make_driver=IpcDriver,
    conditions=_CONDITIONS,
)
