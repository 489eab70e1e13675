"""What the programs at both ends share: events as lines of JSON, and what a kernel says of a TCP socket.

These programs run as files, beside one another, in network namespaces that know nothing of this project.
"""

import errno
import json
import select
import socket
import struct
import sys
import threading
import time

__all__ = ["emit", "errno_name", "learn", "poll_for", "tcp_info", "wait_for"]

_STATES = (
    "",
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "TIME_WAIT",
    "CLOSE",
    "CLOSE_WAIT",
)
_STATES += ("LAST_ACK", "LISTEN", "CLOSING", "NEW_SYN_RECV")
_POLL = {"IN": select.POLLIN, "OUT": select.POLLOUT, "ERR": select.POLLERR}
_POLL |= {"HUP": select.POLLHUP, "RDHUP": select.POLLRDHUP}
_lock = threading.Lock()


def emit(event: str, flow: str = "", **more: object) -> None:
    """Print one event, with its instant (Unix seconds)."""
    line = json.dumps({"at": time.time(), "event": event, "flow": flow, **more})
    with _lock:
        print(line, flush=True)


def errno_name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, str(error))


def tcp_info(connection: socket.socket) -> dict[str, object]:
    """State, retransmissions, times in ms, as the kernel has them (struct tcp_info of linux/tcp.h)."""
    raw = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    rto_us, rtt_us = (struct.unpack_from("I", raw, offset)[0] for offset in (8, 68))
    backoff, unacked = raw[4], struct.unpack_from("I", raw, 24)[0]
    return {
        "state": _STATES[raw[0]],
        "retransmits": struct.unpack_from("I", raw, 100)[0],
        # it asks again and again, and nothing is under way: the other end has no room
        "shut": bool(backoff and not unacked),
        "rto_ms": rto_us / 1000,
        "rtt_ms": rtt_us / 1000,
    }


def poll_for(connection: socket.socket, wanted: int, timeout_s: float) -> str:
    """The names of what `poll` reports, such as `IN RDHUP`; empty when nothing came in time."""
    poll = select.poll()
    poll.register(connection, wanted)
    reported = poll.poll(timeout_s * 1000)
    return " ".join(name for name, bit in _POLL.items() if reported and reported[0][1] & bit)


def learn(flow: str, connection: socket.socket, call: str, by: str, polled: str = "") -> None:
    """Say that this end has learnt that its connection is over: by which call, and by what."""
    info = tcp_info(connection) if connection.type == socket.SOCK_STREAM else {}
    emit("learns", flow, call=call, by=by, polled=polled, **info)


def wait_for(word: str) -> None:
    """Return when the next line of standard input is `word`; without one there is nobody to work for."""
    line = sys.stdin.readline().strip()
    if line != word:
        raise SystemExit(0 if not line else f"{word} was expected, not {line}")
