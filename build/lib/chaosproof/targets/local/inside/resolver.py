"""A name server for programs that ask one themselves: the names of /etc/hosts, at 127.0.0.11 as Docker has it.

Each instance asks at its own loopback, so that a fault on UDP port 53 of one instance is that instance's alone.
"""

import asyncio
import contextlib
import ctypes
import os
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from chaosproof.targets.local.spec import LabSpec

__all__ = ["RESOLVER_ADDRESS", "answer_to", "names_of", "resolver_sockets", "serve_names"]

RESOLVER_ADDRESS = "127.0.0.11"
_PORT = 53
_TTL_S = 5
_HEADER = struct.Struct("!HHHHHH")
_A, _ANY, _INTERNET = 1, 255, 1
_ANSWERED, _UNKNOWN_NAME = 0x8580, 0x8583


def names_of(spec: LabSpec) -> dict[str, str]:
    """The IPv4 address of each service and each instance."""
    services = {plan.service.name: plan.address for plan in spec.services}
    return {**{instance.name: instance.address for instance in spec.instances}, **services}


def answer_to(query: bytes, names: Mapping[str, str]) -> bytes | None:
    """The answer to a DNS query of one question; `None` for what is no such query.

    A known name without an address of the kind that was asked for has an empty answer: asked for both families, a
    program would otherwise take the name for unknown.
    """
    if len(query) < _HEADER.size:
        return None
    number, flags, questions, *_ = _HEADER.unpack_from(query)
    if flags & 0x8000 or questions != 1:
        return None
    labels, at = [], _HEADER.size
    while at < len(query) and (length := query[at]):
        # A question has no compressed names, which begin with two bits set.
        if length > 63:
            return None
        labels.append(query[at + 1 : at + 1 + length])
        at += 1 + length
    end = at + 5
    if end > len(query):
        return None
    kind, space = struct.unpack_from("!HH", query, at + 1)
    address = names.get(b".".join(labels).decode("ascii", errors="replace").lower())
    records = b""
    if address and kind in (_A, _ANY) and space == _INTERNET:
        # 0xC00C is the name of the question.
        records = struct.pack("!HHHIH", 0xC00C, _A, _INTERNET, _TTL_S, 4) + socket.inet_aton(address)
    state = _ANSWERED if address else _UNKNOWN_NAME
    # Whether recursion was desired is handed back.
    header = _HEADER.pack(number, state & ~0x0100 | flags & 0x0100, 1, 1 if records else 0, 0, 0)
    return header + query[_HEADER.size : end] + records


def resolver_sockets(namespaces: Sequence[Path]) -> list[socket.socket]:
    """A socket in the network namespace that runs now, and one in each of `namespaces`."""
    sockets = [_socket()]
    for namespace in namespaces:
        with _inside(namespace):
            sockets.append(_socket())
    return sockets


def serve_names(sockets: Sequence[socket.socket], names: Mapping[str, str]) -> None:
    """Answer at each socket for as long as the running event loop does."""
    for each in sockets:
        asyncio.get_running_loop().add_reader(each, _answer_one, each, names)


def _answer_one(at: socket.socket, names: Mapping[str, str]) -> None:
    # Who does not wait for the answer any more, or sent what is no question, gets none.
    with contextlib.suppress(OSError):
        query, sender = at.recvfrom(512)
        if (answer := answer_to(query, names)) is not None:
            at.sendto(answer, sender)


def _socket() -> socket.socket:
    each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    each.bind((RESOLVER_ADDRESS, _PORT))
    return each


@contextlib.contextmanager
def _inside(namespace: Path) -> Iterator[None]:
    """This thread in the network namespace; Python has `os.setns` from 3.12 on."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(file: int) -> None:
        if libc.setns(file, 0) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    with Path("/proc/thread-self/ns/net").open("rb") as own, namespace.open("rb") as other:
        enter(other.fileno())
        try:
            yield
        finally:
            enter(own.fileno())
