"""How a lab is asked: one JSON line there, one JSON line back, over a Unix socket with an abstract name.

The name belongs to the host's network namespace and vanishes with the process that listens on it: no socket
file and no list of labs is left behind by any death. `/proc/net/unix` is the list of labs.
"""

import contextlib
import json
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chaosproof.errors import TargetError

__all__ = ["ask", "ask_and_hold", "bound_labs", "find_labs", "lab_pid", "socket_name", "take_down"]


def socket_name(lab: str, uid: int | None = None) -> str:
    """The abstract name on which the supervisor of `lab` listens."""
    return f"\0chaosproof/{os.getuid() if uid is None else uid}/{lab}"


def find_labs() -> tuple[str, ...]:
    """The names of this user's labs that are up now, sorted."""
    # The flags column has __SO_ACCEPTCON (0x10000) for the listening socket only.
    return tuple(sorted({name for name, flags in _names() if flags & 0x10000}))


def bound_labs() -> tuple[str, ...]:
    """The names that are taken: of labs that are up, and of those that are being made."""
    return tuple(sorted({name for name, _ in _names()}))


def _names() -> Iterator[tuple[str, int]]:
    """Every socket of a lab with its name and its flags."""
    prefix = "@" + socket_name("")[1:]
    for line in Path("/proc/net/unix").read_text(encoding="utf-8").splitlines()[1:]:
        fields = line.split()
        if len(fields) == 8 and fields[7].startswith(prefix):
            yield fields[7].removeprefix(prefix), int(fields[3], 16)


def lab_pid(lab: str) -> int:
    """The host's pid of the supervisor of `lab`, which is pid 1 inside: by the kernel, no file that may be stale."""
    with _connect(lab, 5.0) as connection:
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid: int = struct.unpack("3i", credentials)[0]
    return pid


def ask(
    lab: str, operation: str, arguments: Mapping[str, Any] | None = None, *, patience_s: float = 30.0
) -> Any:
    """Ask the lab to do `operation`; returns its answer.

    Raises `TargetError` with the lab's own sentence when it could not, or when the lab is gone.
    """
    with _connect(lab, patience_s) as connection:
        return _exchange(connection, lab, operation, arguments or {}, patience_s)


def ask_and_hold(
    lab: str, operation: str, arguments: Mapping[str, Any], *, patience_s: float = 30.0
) -> tuple[Any, int]:
    """As `ask`, for what the lab keeps until the file descriptor beside the answer is closed."""
    with _connect(lab, patience_s) as connection:
        answer = _exchange(connection, lab, operation, arguments, patience_s)
        return answer, connection.detach()


def _exchange(
    connection: socket.socket, lab: str, operation: str, arguments: Mapping[str, Any], patience_s: float
) -> Any:
    try:
        connection.sendall(json.dumps({"op": operation, **arguments}).encode() + b"\n")
        chunks = []
        while chunk := connection.recv(1 << 20):
            chunks.append(chunk)
    except TimeoutError as error:
        raise TargetError(f"Lab {lab} did not answer {operation!r} within {patience_s:g} s.") from error
    except OSError as error:
        raise TargetError(f"Lab {lab} went away during {operation!r} ({error.strerror}).") from error
    try:
        answer = json.loads(b"".join(chunks))
    except ValueError as error:
        raise TargetError(f"Lab {lab} went away during {operation!r}.") from error
    if "error" in answer:
        raise TargetError(answer["error"])
    return answer["result"]


def take_down(lab: str, *, patience_s: float = 10.0, by: str = "") -> None:
    """End a lab: ask it to, and after `patience_s` let the kernel do it. One that is not up is no error.

    `by` is the command that does, for the run whose lab it is; empty where the owner of the lab ends it.
    """
    try:
        pidfd = os.pidfd_open(lab_pid(lab))
    except (TargetError, ProcessLookupError):
        return
    try:
        with contextlib.suppress(TargetError):
            ask(lab, "down", {"by": by} if by else {}, patience_s=patience_s)
        if not select.select([pidfd], [], [], patience_s)[0]:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            select.select([pidfd], [], [], patience_s)
    finally:
        os.close(pidfd)
    # Outside, `unshare` holds the name for the few milliseconds that it outlives pid 1.
    given_up_at = time.monotonic() + patience_s
    while lab in find_labs() and time.monotonic() < given_up_at:
        time.sleep(0.002)


def _connect(lab: str, timeout_s: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    try:
        connection.connect(socket_name(lab))
    except OSError as error:
        connection.close()
        up = ", ".join(find_labs()) or "none"
        raise TargetError(f"Lab {lab} is not up (labs that are: {up}).") from error
    return connection
