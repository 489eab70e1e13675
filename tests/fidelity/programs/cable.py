"""The wire: carries every frame from one device to the other, both ways, as a program.

python cable.py DEVICE DEVICE; ends with its standard input.

Between two ends of one kernel, a packet and its answer pass while the call that sent it is still at work, so an ICMP
error would meet a socket that is in use, which over a real wire it does not. So each frame takes 2 ms from end to end.
"""

import contextlib
import select
import socket
import sys
import time
from collections import deque

_LENGTH_S = 0.002
_ETH_P_ALL = 3
_SOL_PACKET, _PACKET_IGNORE_OUTGOING = 263, 23


def main() -> None:
    left, right = (_open(device) for device in sys.argv[1:3])
    other = {left.fileno(): (left, right), right.fileno(): (right, left)}
    poll = select.poll()
    for number in other:
        poll.register(number, select.POLLIN)
    poll.register(sys.stdin, select.POLLIN | select.POLLHUP)
    print("ready", flush=True)
    on_the_way: deque[tuple[float, socket.socket, bytes]] = deque()
    while True:
        left_s = max(0.0, on_the_way[0][0] - time.monotonic()) if on_the_way else None
        ready = dict(poll.poll(None if left_s is None else left_s * 1000))
        if sys.stdin.fileno() in ready:
            return
        # a device that is down carries nothing, and says so once
        for number in ready:
            source, sink = other[number]
            with contextlib.suppress(OSError):
                while True:
                    on_the_way.append((time.monotonic() + _LENGTH_S, sink, source.recv(65536)))
        while on_the_way and on_the_way[0][0] <= time.monotonic():
            _, sink, frame = on_the_way.popleft()
            with contextlib.suppress(OSError):
                sink.send(frame)


def _open(device: str) -> socket.socket:
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    end.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    end.bind((device, 0))
    end.setblocking(False)
    return end


main()
