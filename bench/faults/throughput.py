"""What the prepared tables cost while no fault is on: a TCP stream through two instances with them, and without.

    .venv/bin/python -m bench.faults.throughput --seconds 60

One stream runs all the time, from one instance to another through the bridge, each end on a processor of its own.
Short segments of it are measured, with the tables and without in turn, so that both meet the same machine; two
neighbours give a ratio, and which of the two comes first alternates. Printed: the median of the ratios, with its 95 %
confidence interval, of the throughput, and of the bytes per second of processor time of both ends.
"""

import argparse
import json
import math
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaosproof.faults.backends.nft.render import TABLE, prepare_script
from tests.faults.netns_target import PORT, NetnsTarget

_ENDS = ("client-0", "server-0")
# each end: a line on stdin is a question; prints the bytes so far, when, and its processor time (seconds)
_END = """
import json, os, socket, sys, threading, time
cpus = sorted(os.sched_getaffinity(0))
os.sched_setaffinity(0, {cpus[int(sys.argv[1]) % len(cpus)]})
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
s = socket.create_connection((sys.argv[2], {PORT}))
data = bytes(1 << 17)
while True:
    s.sendall(data)
"""


# each line is the name of a file: says when its script is in force
_SWITCH = 'while read -r file; do nft -f "$file"; echo "$?"; done'


@dataclass(frozen=True)
class Segment:
    """Bytes per second through one segment: of time, and of processor time of both ends."""

    per_s: float
    per_cpu_s: float


def main(seconds: float, segment_s: float, ends: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name, NetnsTarget(clients=1, servers=1) as room:
        files = {True: Path(name, "with"), False: Path(name, "without")}
        files[True].write_text(prepare_script())
        files[False].write_text(f"add table {TABLE}\ndelete table {TABLE}\n")
        sink = room.python("server-0", _SINK, "0")
        assert sink.stdout and sink.stdout.readline() == "up\n"
        source = room.python("client-0", _SOURCE, "1", room.instance("server-0").address)
        switches = [room.start(end, ["sh", "-c", _SWITCH]) for end in _ENDS[:ends]]
        found: dict[bool, list[Segment]] = {False: [], True: []}
        try:
            for number in range(round(seconds / 2 / segment_s) + 1):
                for tables in (True, False) if number % 2 else (False, True):
                    for switch in switches:
                        _answer(switch, str(files[tables]), "0")
                    segment = _segment(sink, source, segment_s)
                    if number:  # the first round is for warming up
                        found[tables].append(segment)
        finally:
            source.kill()
    pairs = len(found[True])
    # a stream that stood still says nothing about tables
    moved = [both for both in zip(found[True], found[False], strict=True) if all(one.per_s for one in both)]
    print(f"{pairs - len(moved)} of {pairs} pairs left out, in which the stream stood still")
    for name, tables in (("no rules", False), ("prepared tables", True)):
        rate = statistics.median(one.per_s for one in found[tables]) * 8 / 1e9
        print(f"{name:<28}{rate:8.2f} Gbit/s, median of {pairs} segments of {segment_s:g} s")
    for name in ("per_s", "per_cpu_s"):
        logs = [math.log(getattr(with_, name) / getattr(without, name)) for with_, without in moved]
        ratio, low, high = (math.exp(value) for value in (statistics.median(logs), *_confidence(logs)))
        print(
            f"with / without, {name:<12}{ratio:8.4f}, 95 % confidence {low:.4f} to {high:.4f}, {len(moved)} pairs"
        )


def _segment(sink: "subprocess.Popen[str]", source: "subprocess.Popen[str]", segment_s: float) -> Segment:
    """One segment."""
    begin, begin_source = _ask(sink), _ask(source)
    time.sleep(segment_s)
    end, end_source = _ask(sink), _ask(source)
    count = end[0] - begin[0]
    cpu_s = end[2] - begin[2] + end_source[2] - begin_source[2]
    return Segment(count / (end[1] - begin[1]), count / cpu_s)


def _confidence(values: Sequence[float], draws: int = 4000) -> tuple[float, float]:
    """The 95 % confidence interval of the median, by bootstrap; always the same for the same values."""
    dice = random.Random(1)
    medians = sorted(statistics.median(dice.choices(values, k=len(values))) for _ in range(draws))
    return medians[round(draws * 0.025)], medians[round(draws * 0.975) - 1]


def _ask(end: "subprocess.Popen[str]") -> list[float]:
    """Bytes so far, when, and processor time so far."""
    answer: list[float] = json.loads(_answer(end, "?"))
    return answer


def _answer(process: "subprocess.Popen[str]", line: str, expected: str = "") -> str:
    """What the process says to a line."""
    assert process.stdin and process.stdout
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    said = process.stdout.readline().strip()
    assert said and said.startswith(expected), said
    return str(said)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of segments, all together")
    parser.add_argument("--segment", type=float, default=0.05, help="length of one segment, in seconds")
    parser.add_argument("--ends", type=int, choices=(1, 2), default=2, help="how many of the two have tables")
    arguments = parser.parse_args()
    main(arguments.seconds, arguments.segment, arguments.ends)
