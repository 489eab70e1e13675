"""Ends TCP connections in an instance as `ss -K` does, but all by one call: a program, of the standard library alone.

It is begun ahead, and ends them once its input is `go`; an input that ends without leaves them alone. `ss` asks the
kernel for each socket by itself, and each time the other end, which hears of it, takes the processor. Of a thousand
connections the last was ended twice as late (format: linux/inet_diag.h, linux/netlink.h).

It prints a line for each that it has ended. Where the kernel refuses it, it says why on standard error; where anything
else is odd it ends with another code than 0, and `ss` is to do it.
"""

import errno
import ipaddress
import json
import os
import socket
import struct
import sys
from collections.abc import Iterator, Sequence

__all__ = ["destroy_messages", "main"]

WORD = "go"
NETLINK_SOCK_DIAG = 4
BY_FAMILY, DESTROY = 20, 21
ERROR, DONE = 2, 3
REQUEST, DUMP = 1, 0x300
TCP = 6

_HEADER = struct.Struct("=IHHII")  # length, kind, flags, sequence, port
_REQUEST = struct.Struct("=BBBBI48s")  # family, protocol, extensions, padding, states; the socket
_SOCKET = struct.Struct("!HH16s16s12s")  # own port, other port, own address, other address; device and cookie
_ENTRY = struct.Struct("=4s48s20s")  # family first, ...; the socket; ...
_MAPPED = bytes(10) + b"\xff\xff"
# as many as surely fit into what one call may send
_BATCH = 500
_BUFFER_BYTES = 1 << 22
_READ_BYTES = 1 << 16

Network = tuple[int, int, int]


def main(arguments: Sequence[str]) -> int:
    """`{"own": is the port their own, "port": or null, "networks": of the other end, "states": a mask}` as JSON."""
    order = json.loads(arguments[0])
    networks = [_network(text) for text in order["networks"]]
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
    netlink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    netlink.bind((0, 0))
    if sys.stdin.read().strip() != WORD:
        return 0
    dumps = [_dump(netlink, family, order["states"]) for family in (socket.AF_INET, socket.AF_INET6)]
    messages = list(destroy_messages(b"".join(dumps), order["own"], order["port"], networks))
    refused: list[int] = []
    for begin in range(0, len(messages), _BATCH):
        netlink.sendall(b"".join(messages[begin : begin + _BATCH]))
        refused += _errors(netlink)
    # one that has gone by itself meanwhile is no refusal
    reasons = {number for number in refused if number not in (errno.ENOENT, errno.EOPNOTSUPP)}
    for number in reasons:
        print(os.strerror(number), file=sys.stderr)
    print("ended\n" * (len(messages) - len(refused)), end="", flush=True)
    return 0


def destroy_messages(
    dump: bytes, own: bool, port: int | None, networks: Sequence[Network]
) -> Iterator[bytes]:
    """The message that ends a socket, for each of a dump whose port is `port` and whose other end is in `networks`."""
    for kind, body in _parts(dump):
        if kind != BY_FAMILY:
            continue
        head, named, _ = _ENTRY.unpack_from(body)
        own_port, other_port, _, other, _ = _SOCKET.unpack(named)
        if port is not None and port != (own_port if own else other_port):
            continue
        version, address = 6, other
        if head[0] == socket.AF_INET:
            version, address = 4, other[:4]
        elif other.startswith(_MAPPED):
            version, address = 4, other[12:]
        number = int.from_bytes(address, "big")
        if any(version == v and number & mask == network for v, network, mask in networks):
            request = _REQUEST.pack(head[0], TCP, 0, 0, 0, named)
            yield _HEADER.pack(_HEADER.size + len(request), DESTROY, REQUEST, 0, 0) + request


def _network(text: str) -> Network:
    network = ipaddress.ip_network(text)
    return network.version, int(network.network_address), int(network.netmask)


def _dump(netlink: socket.socket, family: int, states: int) -> bytes:
    """All messages of a dump of this family's sockets; raises OSError where the kernel refuses it."""
    request = _REQUEST.pack(family, TCP, 0, 0, states, bytes(48))
    netlink.sendall(_HEADER.pack(_HEADER.size + len(request), BY_FAMILY, REQUEST | DUMP, 0, 0) + request)
    read = b""
    while True:
        part = netlink.recv(_READ_BYTES)
        read += part
        for kind, body in _parts(part):
            if kind == DONE:
                return read
            if kind == ERROR:
                number = -struct.unpack_from("=i", body)[0]
                raise OSError(number, os.strerror(number))


def _errors(netlink: socket.socket) -> list[int]:
    """The errors that the kernel has answered with: it is done when a call returns, and says nothing of success."""
    numbers: list[int] = []
    while True:
        try:
            part = netlink.recv(_READ_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return numbers
        numbers += [-struct.unpack_from("=i", body)[0] for kind, body in _parts(part) if kind == ERROR]


def _parts(read: bytes) -> Iterator[tuple[int, bytes]]:
    """(kind, body) of each message."""
    place = 0
    while place + _HEADER.size <= len(read):
        length, kind, _, _, _ = _HEADER.unpack_from(read, place)
        yield kind, read[place + _HEADER.size : place + length]
        place += (length + 3) & ~3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
