"""Many TCP connections from one instance to another, and a look at what the far end's kernel has of them.

`with Crowd(target, "client-0", "server-0", 50) as crowd:` opens them; half of them send without a pause, the others say
nothing. `crowd.gone_at()` waits until the server's kernel has none of them any more.
"""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from typing import Any

from .netns_target import PORT, NetnsTarget

__all__ = ["Crowd", "crowd"]

# nsenter passes no signal on: what it started ends with its input
_UNTIL_EOF = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
"""
# accepts, answers what is sent, and keeps what nobody closes
_SERVER = """
import selectors, socket, sys
server = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=4096)
server.setblocking(False)
watched = selectors.DefaultSelector()
watched.register(server, selectors.EVENT_READ)
print("up", flush=True)
while True:
    for key, _ in watched.select():
        if key.fileobj is server:
            connection, _ = server.accept()
            connection.setblocking(False)
            watched.register(connection, selectors.EVENT_READ)
            continue
        try:
            if data := key.fileobj.recv(65536):
                key.fileobj.send(data)
                continue
        except OSError:
            pass
        watched.unregister(key.fileobj)
        key.fileobj.close()
"""
# keeps the connections that fail open for as long as it lives, so that its own kernel says nothing of them by itself
_CLIENT = """
import errno, json, selectors, socket, sys, time
host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
connections = [socket.create_connection((host, port), 10) for _ in range(count)]
watched = selectors.DefaultSelector()
for connection in connections:
    connection.setblocking(False)
    watched.register(connection, selectors.EVENT_READ)
for connection in connections[::2]:
    connection.send(b"x")
print("up", flush=True)
told = {}
while len(told) < count:
    for key, _ in watched.select():
        try:
            if data := key.fileobj.recv(10):
                key.fileobj.send(data)
                continue
            said = "FIN"
        except OSError as error:
            said = errno.errorcode[error.errno]
        told[key.fileobj] = said, time.time()
        watched.unregister(key.fileobj)
words = [word for word, _ in told.values()]
print(json.dumps([{word: words.count(word) for word in set(words)}, max(at for _, at in told.values())]), flush=True)
time.sleep(1000)
"""
_WATCH = """
import json, sys, time
port, count = f":{int(sys.argv[1]):04X}", int(sys.argv[2])
def held():
    rows = [line.split() for name in ("tcp", "tcp6") for line in open("/proc/net/" + name)]
    return sum(row[1].endswith(port) and row[3] == "01" for row in rows)
while held() < count:
    time.sleep(0.005)
print("up", flush=True)
while left := held():
    time.sleep(0.001)
print(json.dumps(time.time()), flush=True)
"""


class Crowd:
    """The connections, once they are open."""

    def __init__(self, client: "subprocess.Popen[str]", watch: "subprocess.Popen[str]") -> None:
        self._client = client
        self._watch = watch

    def gone_at(self) -> float:
        """When the server's kernel had none of them any more (Unix seconds)."""
        return float(json.loads(_line(self._watch)))

    def told(self) -> tuple[dict[str, int], float]:
        """What the client's connections ended with, each how often, and when the last did (Unix seconds)."""
        words, at = json.loads(_line(self._client))
        return words, at


@contextlib.contextmanager
def crowd(target: NetnsTarget, client: str, server: str, count: int, port: int = PORT) -> Iterator[Crowd]:
    """`count` connections between the two instances, that end with this."""
    address = target.instance(server).address
    started: list[subprocess.Popen[Any]] = []

    def start(instance: str, code: str, *args: str) -> "subprocess.Popen[str]":
        process = target.python(instance, _UNTIL_EOF + code, *args)
        started.append(process)
        return process

    try:
        assert _line(start(server, _SERVER, address, str(port))) == "up\n"
        opened = start(client, _CLIENT, address, str(port), str(count))
        assert _line(opened) == "up\n"
        watch = start(server, _WATCH, str(port), str(count))
        assert _line(watch) == "up\n"
        yield Crowd(opened, watch)
    finally:
        for process in started:
            assert process.stdin
            process.stdin.close()
            process.wait(10)


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline()
