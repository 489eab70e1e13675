"""How soon after a reset is on the server has none of the pair's connections left, at 1, 50 and 1,000 of them.

    .venv/bin/python -m bench.faults.both_ends --rounds 10

In a lab of one client and one server. Half of the connections send every 10 to 20 ms, the others say nothing. A prober
in the client's network tries to open one all the time: the reset is on by its first refusal. A watcher in the server's
reads its kernel's count of TCP sockets every millisecond, and the table of connections once that says that none is
left: to read a table of a thousand all the time takes half of a core. `left` is what is there 50 ms after the refusal.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from bench.faults.kill_room import room
from bench.faults.prober import sys_python
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from chaosproof.targets.base import Target
from tests.faults.crowd import SERVER

__all__ = ["COUNTS", "gone_after_ms", "table"]

PORT = 7001
COUNTS = (1, 50, 1000)
_LASTS_S = 3.0
_PATIENCE_S = 60.0
_TOLD_MS = 50.0

_CLIENT = """
import selectors, socket, sys, time
host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
connections = [socket.create_connection((host, port), 10) for _ in range(count)]
watched = selectors.DefaultSelector()
for connection in connections:
    connection.setblocking(False)
    watched.register(connection, selectors.EVENT_READ)
left = count
while left:
    for connection in connections[::2]:
        try:
            connection.send(b"x")
        except OSError:
            pass
    for key, _ in watched.select(0.01):
        try:
            if key.fileobj.recv(10):
                continue
        except OSError:
            pass
        watched.unregister(key.fileobj)
        left -= 1
    time.sleep(0.01)
time.sleep(1)
"""
_WATCH = """
import json, sys, time
port, count = f":{int(sys.argv[1]):04X}", int(sys.argv[2])
def established():
    return sum(row[1].endswith(port) and row[3] == "01" for row in map(str.split, open("/proc/net/tcp")))
def used():
    return next(int(row[2]) for row in map(str.split, open("/proc/net/sockstat")) if row[0] == "TCP:")
while established() < count:
    time.sleep(0.005)
others = used() - count
looks, left, number = [], count, 0
while left:
    number += 1
    now, at = max(0, used() - others), time.time()
    # the count has everybody's sockets in it: that none is left says the table alone
    if not now or number % 50 == 0:
        now = established()
    if now < left:
        looks.append([at, now])
        left = now
    time.sleep(0.001)
print(json.dumps(looks), flush=True)
"""
_PROBE = """
import socket, struct, sys, time
while True:
    try:
        with socket.create_connection((sys.argv[1], int(sys.argv[2])), 1) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except ConnectionRefusedError:
        break
    except OSError:
        pass
    time.sleep(0.0005)
print(time.time())
"""


def gone_after_ms(target: Target, client: str, server: str, count: int) -> tuple[float, int]:
    """From the reset's first refusal until the server has none of `count` connections; how many 50 ms after it."""
    address = target.instance(server).address
    fault = Fault(kind="reset", port=PORT, peer=address, duration_s=_LASTS_S)
    engine = FaultEngine(target, limits=Limits(allow_all=True))
    with ThreadPoolExecutor(4) as pool:

        def begin(instance: str, code: str, *arguments: object) -> "Future[str]":
            argv = [sys_python(), "-I", "-S", "-c", code, *map(str, arguments)]
            return pool.submit(lambda: target.run(instance, argv, timeout_s=_PATIENCE_S).stdout)

        served = begin(server, SERVER, "", PORT, count)
        _until_listening(target, server)
        watched, connected = begin(server, _WATCH, PORT, count), begin(client, _CLIENT, address, PORT, count)
        _until_held(target, server, count)
        armed = engine.arm(fault, client)
        probed = begin(client, _PROBE, address, PORT)
        time.sleep(0.3)
        receipt = armed.apply()
        looks, refused_at = json.loads(watched.result().splitlines()[-1]), float(probed.result())
        engine.wait_until_ended(receipt)
        connected.result()
        served.result()
    left = [held for at, held in looks if (at - refused_at) * 1000 <= _TOLD_MS]
    return (looks[-1][0] - refused_at) * 1000, left[-1] if left else count


def _until_listening(target: Target, server: str) -> None:
    while not target.run(server, ["ss", "-Htln", "sport", "=", f":{PORT}"]).stdout:
        threading.Event().wait(0.02)


def _until_held(target: Target, server: str, count: int) -> None:
    argv = ["ss", "-Htn", "state", "established", f"sport = :{PORT}"]
    while len(target.run(server, argv).stdout.splitlines()) < count:
        threading.Event().wait(0.05)


def table(found: Mapping[int, Sequence[tuple[float, int]]]) -> str:
    """The figures as text, one line per number of connections."""
    lines = [f"{'connections':>11}{'p50':>9}{'worst':>9}   ms; left 50 ms after it (worst)"]
    for count, rows in found.items():
        times = [time_ms for time_ms, _ in rows]
        lines.append(
            f"{count:>11}{statistics.median(times):9.1f}{max(times):9.1f}   {max(left for _, left in rows)}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name, room(Path(name), 1, 1) as lab:
        print(
            table(
                {
                    count: [gone_after_ms(lab, "client-0", "server-0", count) for _ in range(rounds)]
                    for count in COUNTS
                }
            )
        )
