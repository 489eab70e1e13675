"""What the prepared tables cost while no fault is on: a TCP stream through two instances with them, and without.

    .venv/bin/python -m bench.faults.throughput --pairs 60

One stream runs all the time, from one instance to another through the bridge. Short segments of it are measured,
with the tables and without in turn, so that both meet the same machine; each pair of neighbours gives a ratio, and
which of the two comes first alternates. Printed: the geometric mean of the ratios, with its 95 % confidence interval,
of the throughput, and of the bytes per second of processor time of both ends, which no neighbour can take away.
"""

import argparse
import json
import math
import random
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from chaosproof.faults.engine import FaultEngine
from tests.faults.netns_target import PORT, NetnsTarget

_ENDS = ("client-0", "server-0")
# each end: a line on stdin is a question; prints the bytes so far, when, and its processor time (seconds)
_END = """
import json, socket, sys, threading, time
count = 0
def answer():
    for _ in sys.stdin:
        print(json.dumps([count, time.monotonic(), time.process_time()]), flush=True)
threading.Thread(target=answer, daemon=True).start()
"""
_SINK = f"""{_END}
server = socket.create_server(("", {PORT}))
print("up", flush=True)
stream, buffer = server.accept()[0], bytearray(1 << 18)
while got := stream.recv_into(buffer):
    count += got
"""
_SOURCE = f"""{_END}
s = socket.create_connection((sys.argv[1], {PORT}))
data = bytes(1 << 17)
while True:
    s.sendall(data)
"""


@dataclass(frozen=True)
class Segment:
    """Bytes per second through one segment: of time, and of processor time of both ends."""

    per_s: float
    per_cpu_s: float


def main(pairs: int, segment_s: float) -> None:
    """Measure and print."""
    with NetnsTarget(clients=1, servers=1) as room:
        sink = room.python("server-0", _SINK)
        assert sink.stdout and sink.stdout.readline() == "up\n"
        source = room.python("client-0", _SOURCE, room.instance("server-0").address)
        engine = FaultEngine(room)
        found: dict[bool, list[Segment]] = {False: [], True: []}
        try:
            for number in range(pairs + 1):
                for tables in (True, False) if number % 2 else (False, True):
                    segment = _segment(engine, sink, source, segment_s, tables=tables)
                    if number:  # the first round is for warming up
                        found[tables].append(segment)
        finally:
            source.kill()
    for name, tables in (("no rules", False), ("prepared tables", True)):
        rate = statistics.median(one.per_s for one in found[tables]) * 8 / 1e9
        print(f"{name:<28}{rate:8.2f} Gbit/s, median of {pairs} segments")
    for name in ("per_s", "per_cpu_s"):
        logs = [
            math.log(getattr(with_, name) / getattr(without, name))
            for with_, without in zip(found[True], found[False], strict=True)
        ]
        ratio, low, high = (math.exp(value) for value in (statistics.fmean(logs), *_confidence(logs)))
        print(
            f"with / without, {name:<12}{ratio:8.4f}, 95 % confidence {low:.4f} to {high:.4f}, {pairs} pairs"
        )


def _segment(
    engine: FaultEngine,
    sink: "subprocess.Popen[str]",
    source: "subprocess.Popen[str]",
    segment_s: float,
    *,
    tables: bool,
) -> Segment:
    """One segment, with the tables or without."""
    for instance in _ENDS:
        if tables:
            engine.prepare(instance)
        else:
            engine.release(instance)
    begin, begin_source = _ask(sink), _ask(source)
    time.sleep(segment_s)
    end, end_source = _ask(sink), _ask(source)
    count = end[0] - begin[0]
    cpu_s = end[2] - begin[2] + end_source[2] - begin_source[2]
    return Segment(count / (end[1] - begin[1]), count / cpu_s)


def _confidence(values: Sequence[float], draws: int = 10_000) -> tuple[float, float]:
    """The 95 % confidence interval of the mean, by bootstrap; always the same for the same values."""
    dice = random.Random(1)
    means = sorted(statistics.fmean(dice.choices(values, k=len(values))) for _ in range(draws))
    return means[round(draws * 0.025)], means[round(draws * 0.975) - 1]


def _ask(end: "subprocess.Popen[str]") -> list[float]:
    """Bytes so far, when, and processor time so far."""
    assert end.stdin and end.stdout
    end.stdin.write("?\n")
    end.stdin.flush()
    answer: list[float] = json.loads(end.stdout.readline())
    return answer


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--segment", type=float, default=0.25, help="length of one segment, in seconds")
    arguments = parser.parse_args()
    main(arguments.pairs, arguments.segment)
