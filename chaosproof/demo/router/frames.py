"""The frame of the gateway's socket, as a pure codec: bytes in, frames out, whatever way they were cut.

    python -c "from chaosproof.demo.router.frames import encode, PING; print(encode(PING, b'hello'))"

A frame is 4 bytes of length, big-endian, that count the whole frame with its header; 1 byte version; 1 byte
type; the payload.
"""

import struct
from enum import IntEnum

__all__ = [
    "FRAME_BYTES_MAX",
    "HEADER_BYTES",
    "NAMES",
    "PING",
    "PONG",
    "RESPONSE_ERROR",
    "RESPONSE_OK",
    "STREAM_TYPES",
    "TASK_CANCEL",
    "TASK_QUERY",
    "TASK_SUBMIT",
    "VERSION",
    "Decoder",
    "FrameError",
    "ProtocolCode",
    "encode",
]

VERSION = 0x01
TASK_SUBMIT, TASK_QUERY, TASK_CANCEL = 0x01, 0x02, 0x03
STREAM_TYPES = (0x04, 0x05, 0x06, 0x07)
RESPONSE_OK, RESPONSE_ERROR = 0x10, 0x11
PING, PONG = 0xF0, 0xF1
NAMES = {
    TASK_SUBMIT: "TASK_SUBMIT",
    TASK_QUERY: "TASK_QUERY",
    TASK_CANCEL: "TASK_CANCEL",
    **dict.fromkeys(STREAM_TYPES, "STREAM"),
    RESPONSE_OK: "RESPONSE_OK",
    RESPONSE_ERROR: "RESPONSE_ERROR",
    PING: "PING",
    PONG: "PONG",
}

FRAME_BYTES_MAX = 4 * 1024 * 1024
_HEADER = struct.Struct(">IBB")
HEADER_BYTES = _HEADER.size


class ProtocolCode(IntEnum):
    """What is wrong on the level of frames; `protocol_code` of a RESPONSE_ERROR."""

    OK = 0
    INVALID_VERSION = 1
    INVALID_TYPE = 2
    FRAME_TOO_LARGE = 3
    INVALID_PAYLOAD = 4
    TIMEOUT = 5
    CONNECTION_CLOSED = 6
    INTERNAL = 99


class FrameError(Exception):
    """Bytes after which no frame can be found any more; `str()` says what was wrong with them."""

    def __init__(self, code: ProtocolCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def encode(frame_type: int, payload: bytes = b"") -> bytes:
    """One whole frame; `ValueError` when it would be larger than a frame may be."""
    length = HEADER_BYTES + len(payload)
    if length > FRAME_BYTES_MAX:
        raise ValueError(f"a frame has at most {FRAME_BYTES_MAX} bytes, not {length}")
    return _HEADER.pack(length, VERSION, frame_type) + payload


class Decoder:
    """Takes bytes as they come and gives whole frames.

    Holds at most one incomplete frame. After an error it gives nothing any more: where the next frame begins
    is not known then.
    """

    def __init__(self) -> None:
        self.error: FrameError | None = None
        self._rest = bytearray()
        self._need = HEADER_BYTES

    @property
    def buffered(self) -> int:
        """Bytes of an incomplete frame."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """The frames that `data` completes, as `(type, payload)`; then `error` may say why no more come."""
        if self.error is not None:
            return []
        rest = self._rest
        if rest:
            rest += data
            # A large frame comes in many pieces; its header is read once it is there, then only waited for.
            if self._need > HEADER_BYTES and len(rest) < self._need:
                return []
            data = bytes(rest)
            rest.clear()
        elif len(data) >= HEADER_BYTES:
            # By far the most frequent case: exactly one frame.
            length, version, frame_type = _HEADER.unpack_from(data)
            if length == len(data) and version == VERSION and length <= FRAME_BYTES_MAX:
                return [(frame_type, data[HEADER_BYTES:])]
        frames: list[tuple[int, bytes]] = []
        at, size = 0, len(data)
        while size - at >= HEADER_BYTES:
            length, version, frame_type = _HEADER.unpack_from(data, at)
            if not (HEADER_BYTES <= length <= FRAME_BYTES_MAX and version == VERSION) or size - at < length:
                break
            frames.append((frame_type, data[at + HEADER_BYTES : at + length]))
            at += length
        self._keep(data[at:])
        return frames

    def _keep(self, rest: bytes) -> None:
        """Remember the beginning of a frame, or why it can be none."""
        self._need = HEADER_BYTES
        if len(rest) >= 4:
            length = int.from_bytes(rest[:4], "big")
            if length < HEADER_BYTES:
                self.error = FrameError(
                    ProtocolCode.INVALID_PAYLOAD,
                    f"a frame of {length} bytes is shorter than its header of {HEADER_BYTES}",
                )
                return
            if length > FRAME_BYTES_MAX:
                self.error = FrameError(
                    ProtocolCode.FRAME_TOO_LARGE,
                    f"a frame of {length} bytes is larger than {FRAME_BYTES_MAX}",
                )
                return
            if len(rest) >= HEADER_BYTES:
                self._need = length
        if len(rest) >= 5 and rest[4] != VERSION:
            self.error = FrameError(
                ProtocolCode.INVALID_VERSION, f"version {rest[4]:#04x} is not {VERSION:#04x}"
            )
            return
        self._rest += rest
