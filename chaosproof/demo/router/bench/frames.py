"""The gateway's frames, as the caller sees them: what is sent, and whether an answer is one.

A frame is 4 bytes of length, big-endian, that count the whole frame; 1 byte version; 1 byte type; a payload.
"""

import struct
from dataclasses import dataclass

import click

__all__ = [
    "PING",
    "PONG",
    "RESPONSE_ERROR",
    "RESPONSE_OK",
    "TASK_SUBMIT",
    "AnswerReader",
    "BenchError",
    "frame",
]

TASK_SUBMIT, RESPONSE_OK, RESPONSE_ERROR, PING, PONG = 0x01, 0x10, 0x11, 0xF0, 0xF1
_VERSION = 0x01
_HEADER = struct.Struct(">IBB")
_FRAME_BYTES_MAX = 4 * 1024 * 1024


class BenchError(click.ClickException):
    """The benchmark could not be run, or the server did not answer in frames; `str()` of it is a whole sentence."""

    exit_code = 2


def frame(frame_type: int, payload: bytes) -> bytes:
    """One whole frame."""
    return _HEADER.pack(_HEADER.size + len(payload), _VERSION, frame_type) + payload


@dataclass
class AnswerReader:
    """Puts an answer together from the pieces in which it comes; one answer at a time."""

    rest: bytes = b""

    def feed(self, data: bytes) -> tuple[int, bytes] | None:
        """Type and payload of the answer once it is whole, else None; `BenchError` for what is no answer."""
        if self.rest:
            data = self.rest + data
        if len(data) < _HEADER.size:
            self.rest = data
            return None
        length, version, frame_type = _HEADER.unpack_from(data)
        if version != _VERSION or not _HEADER.size <= length <= _FRAME_BYTES_MAX:
            raise BenchError(
                f"The server does not speak the frame: its answer begins {data[: _HEADER.size].hex()}."
            )
        if len(data) < length:
            self.rest = data
            return None
        if len(data) > length:
            raise BenchError("The server sent more than the one answer that was due.")
        self.rest = b""
        return frame_type, data[_HEADER.size :]
