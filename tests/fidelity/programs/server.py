"""The server's end: echoes, and says of every connection how its end learns that it is over.

python server.py tcp|udp PORT; on standard input: `before`, `sample` (how its sockets are), `forget` (every connection,
without a packet).
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
_forget = threading.Event()


def main() -> None:
    protocol, port = sys.argv[1], int(sys.argv[2])
    threading.Thread(target=_commands, daemon=True).start()
    if protocol == "udp":
        _serve_datagrams(port)
    server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=100)
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # for all that it accepts
    emit("ready", pid=os.getpid())
    while True:
        connection, peer = server.accept()
        flow = str(peer[1])
        emit("accepts", flow)
        _connections[flow] = connection
        threading.Thread(target=_serve, args=(flow, connection), daemon=True).start()


def _serve(flow: str, connection: socket.socket) -> None:
    call, polled = "recv", ""
    try:
        while not _forget.is_set():
            call, polled = "recv", poll_for(connection, select.POLLIN | select.POLLRDHUP, _LOOK_S)
            if not polled:
                continue
            data = connection.recv(65536)
            if not data:
                learn(flow, connection, call, "EOF", polled)
                break
            _received[flow] += len(data)
            call = "send"
            connection.sendall(data)
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
    for line in sys.stdin:
        if line.strip() in ("before", "sample"):
            for flow, connection in list(_connections.items()):
                if connection.fileno() >= 0:
                    emit(line.strip(), flow, received=_received[flow], **tcp_info(connection))
            emit("sampled")
        elif line.strip() == "forget":
            _forget.set()
            while any(connection.fileno() >= 0 for connection in list(_connections.values())):
                time.sleep(0.001)
            _forget.clear()
            emit("forgotten")


main()
