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

__all__ = ["SERVER", "WATCH", "Crowd", "crowd"]

# nsenter passes no signal on: what it started ends with its input
_UNTIL_EOF = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
"""
# accepts, answers what is sent, and keeps what nobody closes; with a count, until so many have come and all are gone
SERVER = """
import selectors, socket, sys
server = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=4096)
server.setblocking(False)
watched, came = selectors.DefaultSelector(), 0
most = int(sys.argv[3]) if len(sys.argv) > 3 else float("inf")
watched.register(server, selectors.EVENT_READ)
print("up", flush=True)
while came < most or len(watched.get_map()) > 1:
    for key, _ in watched.select(1):
        if key.fileobj is server:
            connection, _ = server.accept()
            connection.setblocking(False)
            watched.register(connection, selectors.EVENT_READ)
            came += 1
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
# looks every 2 ms until none is left: at each look that differs from the one before, when, and how many are established
WATCH = """
import json, sys, time
port, count = f":{int(sys.argv[1]):04X}", int(sys.argv[2])
def held():
    return sum(row[1].endswith(port) and row[3] == "01" for row in map(str.split, open("/proc/net/tcp")))
while held() < count:
    time.sleep(0.002)
print("up", flush=True)
looks, left = [], count
while left:
    before, left = left, held()
    if left < before:
        looks.append([time.time(), left])
    time.sleep(0.002)
print(json.dumps(looks), flush=True)
"""


class Crowd:
    """The connections, once they are open."""

    def __init__(self, client: "subprocess.Popen[str]", watch: "subprocess.Popen[str]") -> None:
        self._client = client
        self._watch = watch

    def gone_at(self) -> float:
        """When the server's kernel had none of them any more (Unix seconds)."""
        return float(json.loads(_line(self._watch))[-1][0])

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
        assert _line(start(server, SERVER, address, str(port))) == "up\n"
        opened = start(client, _CLIENT, address, str(port), str(count))
        assert _line(opened) == "up\n"
        watch = start(server, WATCH, str(port), str(count))
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
