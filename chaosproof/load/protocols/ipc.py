"""Frames over a Unix socket (`ipc:///path.sock`): one request at a time on each connection.

A frame is 4 bytes of length, big-endian, that count the whole frame; 1 byte version; 1 byte type; a payload.
"""

import struct
import time
from urllib.parse import SplitResult, unquote, urlsplit

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
_VERSION = 0x01
_TASK_SUBMIT, _RESPONSE_OK, _RESPONSE_ERROR, _PING, _PONG = 0x01, 0x10, 0x11, 0xF0, 0xF1
_CONDITIONS = frozenset({"json", "text"})
_FRAME_BYTES_MAX = 4 * 1024 * 1024
_TASK = (
    b'{"version":"1","request_id":"load-{seq}","trace_id":"load-{seq}","tenant_id":"load",'
    b'"task":{"type":"text.generate","payload":{"text":"load"}}}'
)


class IpcDriver:
    """Opens the connections of a plan with an `ipc://` url; `plan.frame` says what is sent."""

    def __init__(self, plan: Plan) -> None:
        self._path = unquote(urlsplit(plan.url).path)
        self._type = _PING if plan.frame == "PING" else _TASK_SUBMIT
        self._payload = Payload(plan.body or (_TASK if self._type == _TASK_SUBMIT else b""))
        self._success = read_success(plan.success, _CONDITIONS, "ipc")
        self.idempotent = self._type == _PING

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
        self._transport.write(_HEADER.pack(_HEADER.size + len(payload), _VERSION, self._type) + payload)

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
        if not _HEADER.size <= length <= _FRAME_BYTES_MAX or version != _VERSION or not self._busy:
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
        if frame_type == _PONG and self._type == _PING:
            return (200, "PONG") if payload == self._sent else None
        if frame_type == _RESPONSE_OK and self._type != _PING:
            return 200, OK
        return error_of(payload) if frame_type == _RESPONSE_ERROR else None

    def _response_begun(self) -> bool:
        return bool(self._buffer)


def _check_url(url: str, parts: SplitResult) -> None:
    if parts.netloc or not parts.path.strip("/"):
        raise UsageError(f"url {url!r} must name a socket's absolute path: ipc:///run/gateway.sock")


PROTOCOL = LoadProtocol(
    name="ipc",
    schemes=("ipc",),
    url_form="ipc:///path.sock",
    options=frozenset({"frame", "body"}),
    check_url=_check_url,
    make_driver=IpcDriver,
    conditions=_CONDITIONS,
)
