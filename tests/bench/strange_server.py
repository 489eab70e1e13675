"""A server that speaks the frame and was written without ours: threads, blocking reads, one byte at a time if asked.

Behaviours: `good`; `dribble` (answers in three pieces); `deaf` (never answers); `closes` (after some answers);
`wrong` (answers with another type); `garbage`; `twice` (two answers to one request).
"""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

__all__ = ["strange_server"]


def _read_exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def _serve(connection: socket.socket, behaviour: str) -> None:
    answered = 0
    with connection, contextlib.suppress(EOFError, OSError):
        while True:
            length, version, kind = struct.unpack(">IBB", _read_exactly(connection, 6))
            payload = _read_exactly(connection, length - 6)
            assert version == 1
            if behaviour == "deaf":
                continue
            if behaviour == "closes" and answered == 120:
                return
            if behaviour == "garbage":
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                return
            answer_kind = {0xF0: 0xF1}.get(kind, 0x11) if behaviour != "wrong" else 0x10
            answer = struct.pack(">IBB", 6 + len(payload), 1, answer_kind) + payload
            if behaviour == "dribble":
                for piece in (answer[:3], answer[3:8], answer[8:]):
                    connection.sendall(piece)
            else:
                connection.sendall(answer * (2 if behaviour == "twice" else 1))
            answered += 1


@contextlib.contextmanager
def strange_server(folder: Path, behaviour: str = "good") -> Iterator[str]:
    """The path of its socket, for the length of a `with`."""
    path = str(folder / "strange.sock")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(64)
    threads: list[threading.Thread] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                thread = threading.Thread(target=_serve, args=(connection, behaviour), daemon=True)
                thread.start()
                threads.append(thread)

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield path
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for thread in threads:
            thread.join(timeout=5)
