"""What the prepared tables cost while no fault is on: a TCP stream through two instances with them, and without.

    .venv/bin/python -m bench.faults.throughput --pairs 30

One stream runs all the time, from one instance to another through the bridge. Short segments of it are measured,
with the tables and without in turn, so that both meet the same machine; each pair of neighbours gives a ratio, and
which of the two comes first alternates. Printed: the geometric mean of the ratios, with its 95 % confidence interval.
"""

import argparse
import json
import math
import random
import statistics
import subprocess
import time
from collections.abc import Sequence

from chaosproof.faults.engine import FaultEngine
from tests.faults.netns_target import PORT, NetnsTarget

_ENDS = ("client-0", "server-0")
# a line on stdin is a question: prints the bytes so far and when (seconds)
_SINK = f"""
import json, socket, sys, threading, time
server = socket.create_server(("", {PORT}))
print("up", flush=True)
stream, count, buffer = server.accept()[0], 0, bytearray(1 << 18)
def answer():
    for _ in sys.stdin:
        print(json.dumps([count, time.monotonic()]), flush=True)
threading.Thread(target=answer, daemon=True).start()
while got := stream.recv_into(buffer):
    count += got
"""
_SOURCE = """
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
data = bytes(1 << 17)
while True:
    s.sendall(data)
"""


def main(pairs: int, segment_s: float) -> None:
    """Measure and print."""
    with NetnsTarget(clients=1, servers=1) as room:
        sink = room.python("server-0", _SINK)
        assert sink.stdout and sink.stdout.readline() == "up\n"
        source = room.python("client-0", _SOURCE, room.instance("server-0").address, str(PORT))
        engine = FaultEngine(room)
        logs: list[float] = []
        bits: dict[bool, list[float]] = {False: [], True: []}
        try:
            for number in range(-1, pairs):
                rates = {
                    tables: _segment(engine, sink, segment_s, tables=tables)
                    for tables in ((True, False) if number % 2 else (False, True))
                }
                if number < 0:
                    continue  # the first is for warming up
                logs.append(math.log(rates[True] / rates[False]))
                for tables, rate in rates.items():
                    bits[tables].append(rate * 8 / 1e9)
        finally:
            source.kill()
    for name, values in (("no rules", bits[False]), ("prepared tables", bits[True])):
        print(f"{name:<16}{statistics.median(values):8.2f} Gbit/s, median of {len(values)} segments")
    ratio, low, high = (math.exp(value) for value in (statistics.fmean(logs), *_confidence(logs)))
    print(f"with / without  {ratio:8.4f}, 95 % confidence {low:.4f} to {high:.4f}, {pairs} pairs")


def _segment(engine: FaultEngine, sink: "subprocess.Popen[str]", segment_s: float, *, tables: bool) -> float:
    """Bytes per second through one segment, with the tables or without."""
    for instance in _ENDS:
        if tables:
            engine.prepare(instance)
        else:
            engine.release(instance)
    time.sleep(segment_s / 4)  # what changed the rules took its share of the processors
    begin = _count(sink)
    time.sleep(segment_s)
    end = _count(sink)
    return (end[0] - begin[0]) / (end[1] - begin[1])


def _confidence(values: Sequence[float], draws: int = 10_000) -> tuple[float, float]:
    """The 95 % confidence interval of the mean, by bootstrap; always the same for the same values."""
    dice = random.Random(1)
    means = sorted(statistics.fmean(dice.choices(values, k=len(values))) for _ in range(draws))
    return means[round(draws * 0.025)], means[round(draws * 0.975) - 1]


def _count(sink: "subprocess.Popen[str]") -> tuple[int, float]:
    assert sink.stdin and sink.stdout
    sink.stdin.write("?\n")
    sink.stdin.flush()
    count, at_s = json.loads(sink.stdout.readline())
    return count, at_s


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--segment", type=float, default=0.4, help="length of one segment, in seconds")
    arguments = parser.parse_args()
    main(arguments.pairs, arguments.segment)
