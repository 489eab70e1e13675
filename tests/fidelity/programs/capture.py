"""All packets that leave and reach a device, by AF_PACKET, as a list in JSON when standard input ends.

python capture.py DEVICE PORT; a packet is [Unix seconds, "out" or "in", "request" or "answer", the client's port,
IP version, what it is (`SYN`, `RST`, `FIN`, `data`, `ACK`, `ICMP`), bytes of payload, TCP sequence number]
"""

import array
import fcntl
import json
import select
import socket
import struct
import sys

_ETH_P_ALL = 3
_SO_TIMESTAMPNS = 35
_PACKET_OUTGOING = 4
_SIOCETHTOOL = 0x8946
# ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO
_OFFLOADED = (0x17, 0x1F, 0x24, 0x2C)


def main() -> None:
    device, port = sys.argv[1], int(sys.argv[2])
    _as_on_a_wire(device)
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    tap.bind((device, 0))
    tap.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
    tap.setblocking(False)
    print("ready", flush=True)
    poll = select.poll()
    poll.register(tap, select.POLLIN)
    poll.register(sys.stdin, select.POLLIN | select.POLLHUP)
    packets = []
    while True:
        ready = dict(poll.poll())
        while tap.fileno() in ready:
            try:
                frame, ancillary, _, address = tap.recvmsg(200, 64)
            except BlockingIOError:
                break
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
            packet = parse(frame, port)
            if packet:
                way = "out" if address[2] == _PACKET_OUTGOING else "in"
                packets.append([seconds + nanoseconds / 1e9, way, *packet])
        if sys.stdin.fileno() in ready:
            break
    print(json.dumps(packets), flush=True)


def _as_on_a_wire(device: str) -> None:
    """Let the stack make whole packets, with their checksums: what is counted shall be what a network carries."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for command in _OFFLOADED:
            off = array.array("I", [command, 0])
            request = struct.pack("16sP16x", device.encode(), off.buffer_info()[0])
            fcntl.ioctl(any_socket, _SIOCETHTOOL, request)


def parse(frame: bytes, port: int) -> tuple[str, int, int, str, int, int] | None:
    """(request or answer, client's port, IP version, what, payload, sequence number); `None` for other traffic."""
    version = frame[14] >> 4 if len(frame) > 34 else 0
    if version == 4:
        start, protocol = 14 + (frame[14] & 15) * 4, frame[23]
        length = struct.unpack_from("!H", frame, 16)[0] - (start - 14)
    elif version == 6 and len(frame) >= 54:
        start, protocol = 54, frame[20]
        length = struct.unpack_from("!H", frame, 18)[0]
    else:
        return None
    rest = frame[start:]
    if protocol in (1, 58):
        return _quoted(rest, version, port)
    if protocol not in (6, 17) or len(rest) < 8:
        return None
    source, destination = struct.unpack_from("!HH", rest)
    if port not in (source, destination):
        return None
    way, client = ("request", source) if destination == port else ("answer", destination)
    if protocol == 17:
        return way, client, version, "data", length - 8, 0
    sequence = struct.unpack_from("!I", rest, 4)[0]
    payload = length - (rest[12] >> 4) * 4
    flags = rest[13]
    what = "data" if payload else "ACK"
    for name, bit in (("RST", 4), ("SYN", 2), ("FIN", 1)):
        if flags & bit:
            what = name
            break
    return way, client, version, what, payload, sequence


def _quoted(icmp: bytes, version: int, port: int) -> tuple[str, int, int, str, int, int] | None:
    """An ICMP error goes against the packet that it quotes."""
    unreachable = icmp[0] == (3 if version == 4 else 1)
    inner = icmp[8:]
    start = (inner[0] & 15) * 4 if version == 4 and inner else 40
    if not unreachable or len(inner) < start + 4:
        return None
    source, destination = struct.unpack_from("!HH", inner, start)
    if port not in (source, destination):
        return None
    return (
        ("answer", source, version, "ICMP", 0, 0)
        if destination == port
        else ("request", destination, version, "ICMP", 0, 0)
    )


if __name__ == "__main__":
    main()
