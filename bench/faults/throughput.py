"""What the prepared table costs while no fault is on: a TCP stream with it against one with no rules at all.

    .venv/bin/python -m bench.faults.throughput --runs 15

One stream at a time, from one instance to another through the bridge, alternating; medians and their ratio.
"""

import argparse
import json
import statistics

from chaosproof.faults.engine import FaultEngine
from tests.faults.netns_target import PORT, NetnsTarget

_SINK = f"""
import socket
server = socket.create_server(("", {PORT}))
print("up", flush=True)
buffer = bytearray(1 << 18)
while True:
    stream, count = server.accept()[0], 0
    while got := stream.recv_into(buffer):
        count += got
    stream.sendall(b"%020d" % count)
"""
# for a number of seconds as many bytes as go through; prints bytes per second, as counted at the other end
_SOURCE = """
import json, socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
data, began = bytes(1 << 17), time.monotonic()
while time.monotonic() - began < float(sys.argv[3]):
    s.sendall(data)
s.shutdown(socket.SHUT_WR)
count = int(s.recv(20, socket.MSG_WAITALL))
print(json.dumps(count / (time.monotonic() - began)))
"""


def main(runs: int, duration_s: float) -> None:
    with NetnsTarget(clients=1, servers=1) as room:
        sink = room.python("server-0", _SINK)
        assert sink.stdout and sink.stdout.readline() == "up\n"
        engine = FaultEngine(room)
        rates: dict[str, list[float]] = {"no rules": [], "prepared table": []}
        for number in range(runs + 1):
            # each goes first as often as the other; the first round of all is for warming up
            for name in sorted(rates, reverse=bool(number % 2)):
                if name == "prepared table":
                    engine.prepare("client-0")
                else:
                    engine.release("client-0")
                rate = _stream(room, duration_s)
                if number:
                    rates[name].append(rate)
        engine.release("client-0")
    for name, values in rates.items():
        print(f"{name:<16}{statistics.median(values) * 8 / 1e9:8.2f} Gbit/s, median of {len(values)}")
    pairs = [b / a for a, b in zip(rates["no rules"], rates["prepared table"], strict=True)]
    ratio = statistics.median(rates["prepared table"]) / statistics.median(rates["no rules"])
    print(
        f"ratio of the medians {ratio:.4f}, median of the ratios of neighbours {statistics.median(pairs):.4f}"
    )


def _stream(room: NetnsTarget, duration_s: float) -> float:
    address = room.instance("server-0").address
    source = room.python("client-0", _SOURCE, address, str(PORT), str(duration_s))
    assert source.stdout
    rate: float = json.loads(source.stdout.readline())
    source.wait()
    return rate


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--duration", type=float, default=0.7, help="of one stream, in seconds")
    arguments = parser.parse_args()
    main(arguments.runs, arguments.duration)
