"""Answers with what it is sent: a TCP and a UDP echo on one port.

python chaosproof/demo/catalogue/web.py    # $PORT, 7000 where it is not set
"""

import json
import os
import signal
import socket
import threading
import time

CHUNK_BYTES = 65536


def main() -> None:
    port = int(os.environ.get("PORT", "7000"))
    listener = socket.create_server(("", port), backlog=256)
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("", port))
    signal.signal(signal.SIGTERM, lambda *_: end())
    threading.Thread(target=echo_datagrams, args=(datagrams,), daemon=True).start()
    log("listening")
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=echo, args=(connection,), daemon=True).start()


def echo(connection: socket.socket) -> None:
    with connection:
        try:
            while data := connection.recv(CHUNK_BYTES):
                connection.sendall(data)
        except OSError:
            pass  # the caller's loss, and the caller says so


def echo_datagrams(datagrams: socket.socket) -> None:
    while True:
        data, sender = datagrams.recvfrom(CHUNK_BYTES)
        datagrams.sendto(data, sender)


def end() -> None:
    log("asked to end")
    raise SystemExit(0)


def log(what: str) -> None:
    print(json.dumps({"at": time.time(), "said": what}), flush=True)


if __name__ == "__main__":
    main()
