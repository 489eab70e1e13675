"""The gateway's frames over a Unix socket (`ipc:///path.sock`): one request at a time on each connection.

A frame is 4 bytes of length, big-endian, that count the whole frame; 1 byte version; 1 byte type; a payload.
"""

import asyncio
import struct
import time
from typing import cast
from urllib.parse import unquote, urlsplit

from chaosproof.load.plan import Plan
from chaosproof.load.protocols.base import BAD_ANSWER, Connection, Owner
from chaosproof.load.protocols.connect import lost_code, open_unix_stream
from chaosproof.load.protocols.payload import Payload
from chaosproof.load.protocols.reply import OK, error_of

__all__ = ["IpcDriver"]

_HEADER = struct.Struct(">IBB")
_VERSION = 0x01
_TASK_SUBMIT, _RESPONSE_OK, _RESPONSE_ERROR, _PING, _PONG = 0x01, 0x10, 0x11, 0xF0, 0xF1
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
        self.idempotent = self._type == _PING

    async def open(self, owner: Owner) -> Connection:
        return await open_unix_stream(self._path, lambda: _IpcConnection(owner, self._type, self._payload))


class _IpcConnection(asyncio.Protocol):
    def __init__(self, owner: Owner, frame_type: int, payload: Payload) -> None:
        self.lost_code = ""
        self._owner: Owner | None = owner
        self._type = frame_type
        self._payload = payload
        self._sent = b""
        self._busy = False
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, seq: int) -> None:
        assert self._transport is not None
        self._busy = True
        self._sent = payload = self._payload.of(seq)
        self._transport.write(_HEADER.pack(_HEADER.size + len(payload), _VERSION, self._type) + payload)

    def close(self) -> None:
        self._owner = None
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        owner = self._owner
        if owner is None:
            return
        if self._buffer:
            data = self._buffer + data
        if len(data) < _HEADER.size:
            self._buffer = data
            return
        length, version, frame_type = _HEADER.unpack_from(data)
        if not _HEADER.size <= length <= _FRAME_BYTES_MAX or version != _VERSION or not self._busy:
            self._lose(BAD_ANSWER)
            return
        if len(data) < length:
            self._buffer = data
            return
        self._buffer = b""
        if len(data) > length:
            self._lose(BAD_ANSWER)  # more than was asked for
            return
        answer = self._understand(frame_type, data[_HEADER.size :])
        if answer is None:
            self._lose(BAD_ANSWER)
            return
        self._busy = False
        owner.answered(now, *answer, instance="", reusable=True)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(lost_code(exc))

    def _understand(self, frame_type: int, payload: bytes) -> tuple[int, str] | None:
        """Status and code of an answer; None when it is none to what was sent."""
        if frame_type == _PONG and self._type == _PING:
            return (200, "PONG") if payload == self._sent else None
        if frame_type == _RESPONSE_OK and self._type != _PING:
            return 200, OK
        return error_of(payload) if frame_type == _RESPONSE_ERROR else None

    def _lose(self, code: str) -> None:
        owner = self._owner
        if owner is None:
            return
        begun = bool(self._buffer)
        self.lost_code = code
        self.close()
        owner.lost(code, begun)
