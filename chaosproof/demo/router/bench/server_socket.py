"""Where the server is: found by its socket and asked by a PING, never looked for by the name of a process."""

import os
import socket
import struct
import time

from chaosproof.demo.router.bench.frames import PING, PONG, AnswerReader, BenchError, frame

__all__ = ["DEFAULT_PATH", "TIMEOUT_S", "connect", "exchange", "find_server", "resolve_path"]

DEFAULT_PATH = "/tmp/beamline-gateway.sock"
TIMEOUT_S = 10.0
_RECEIVE_BYTES = 1 << 18


def resolve_path(option: str | None) -> str:
    """The option, else IPC_SOCKET_PATH, else the usual place."""
    return option or os.environ.get("IPC_SOCKET_PATH") or DEFAULT_PATH


def connect(path: str, timeout_s: float = TIMEOUT_S) -> socket.socket:
    """A connection to the server; `BenchError` with a sentence when there is none to be had."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    try:
        connection.connect(path)
    except OSError as error:
        connection.close()
        why = error.strerror or str(error)
        raise BenchError(
            f"No server listens on {path} ({why}): start one, or name its socket with -s or IPC_SOCKET_PATH."
        ) from error
    return connection


def exchange(connection: socket.socket, request: bytes) -> tuple[int, bytes]:
    """Send one frame and return the type and payload of its answer; `BenchError` when none comes."""
    reader = AnswerReader()
    try:
        connection.sendall(request)
        while True:
            data = connection.recv(_RECEIVE_BYTES)
            if not data:
                raise BenchError("The server closed the connection instead of answering.")
            if (answer := reader.feed(data)) is not None:
                return answer
    except TimeoutError:
        raise BenchError(f"The server did not answer within {connection.gettimeout():g} s.") from None
    except OSError as error:
        raise BenchError(f"The connection to the server broke ({error.strerror or error}).") from error


def find_server(path: str) -> int:
    """Prove with a PING that the server on `path` speaks the frame, and return the id of its process."""
    with connect(path) as connection:
        payload = time.monotonic_ns().to_bytes(8, "big")
        answered = exchange(connection, frame(PING, payload))
        if answered != (PONG, payload):
            raise BenchError(
                f"The server on {path} does not answer a PING with its PONG but with type {answered[0]:#04x}."
            )
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid: int = struct.unpack("3i", credentials)[0]
    return pid
