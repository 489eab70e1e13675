"""The server's end: echoes, and says of every connection how its end learns that it is over.

python server.py tcp|udp PORT RECEIVE_BUFFER (bytes, 0: the kernel's own). On standard input: `before`, `sample` (how
its sockets are), `forget` (every connection, without a packet), `mute` and `speak` (it goes on reading, and answers
later), `full` and `read` (it does not read).
"""

import os
import select
import socket
import sys
import threading
import time
from collections import Counter

from sockets import emit, errno_name, learn, poll_for, tcp_info

_TCP_REPAIR = 19
_LOOK_S = 0.05
_connections: dict[str, socket.socket] = {}
_received: Counter[str] = Counter()
_forget, _mute, _full = threading.Event(), threading.Event(), threading.Event()


def main() -> None:
    protocol, port = sys.argv[1], int(sys.argv[2])
    threading.Thread(target=_commands, daemon=True).start()
    if protocol == "udp":
        _serve_datagrams(port)
    server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=100)
    # both for all that it accepts
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if buffer := int(sys.argv[3]):
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    emit("ready", pid=os.getpid())
    while True:
        connection, peer = server.accept()
        flow = str(peer[1])
        emit("accepts", flow)
        _connections[flow] = connection
        threading.Thread(target=_serve, args=(flow, connection), daemon=True).start()


def _serve(flow: str, connection: socket.socket) -> None:
    call, polled, owed = "recv", "", b""
    try:
        while not _forget.is_set():
            if _full.is_set():
                time.sleep(_LOOK_S)
                continue
            call, polled = "recv", poll_for(connection, select.POLLIN | select.POLLRDHUP, _LOOK_S)
            if polled:
                data = connection.recv(65536)
                if not data:
                    learn(flow, connection, call, "EOF", polled)
                    break
                _received[flow] += len(data)
                owed += data
            if owed and not _mute.is_set():
                call = "send"
                connection.sendall(owed)
                owed = b""
        else:
            # a connection that is closed under repair ends without a word to its peer
            connection.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR, 1)
        del _connections[flow]
        connection.close()
    except OSError as error:
        learn(flow, connection, call, errno_name(error), polled)


def _serve_datagrams(port: int) -> None:
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind(("::", port))
    emit("ready", pid=os.getpid())
    while True:
        data, peer = server.recvfrom(65536)
        flow = str(peer[1])
        _received[flow] += len(data)
        try:
            server.sendto(data, peer)
        except OSError as error:
            learn(flow, server, "send", errno_name(error))


def _commands() -> None:
    switches = {"mute": _mute.set, "speak": _mute.clear, "full": _full.set, "read": _full.clear}
    for line in sys.stdin:
        if switch := switches.get(line.strip()):
            switch()
            emit("done")
        elif line.strip() in ("before", "sample"):
            for flow, connection in list(_connections.items()):
                if connection.fileno() >= 0:
                    emit(line.strip(), flow, received=_received[flow], **tcp_info(connection))
            emit("sampled")
        elif line.strip() == "forget":
            _forget.set()
            while any(connection.fileno() >= 0 for connection in list(_connections.values())):
                time.sleep(0.001)
            _forget.clear()
            emit("done")


main()
