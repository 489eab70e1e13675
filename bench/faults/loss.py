"""What a loss does to the TCP of its sender: its retransmissions, and its throughput beside netem's loss.

    .venv/bin/python -m bench.faults.loss --ways egress,netem

Connections of one client to a server that only reads. `messages`: small ones, each when the other kernel has the
one before, on a few connections: each packet that is lost is one segment, which the socket has to send once more.
`bulk`: as much as goes, on many. The ways take turns: `egress`, `ingress` (on the receiver) and `iptables` are
faults of ours, `bursts` is one of ours that netem makes, with bursts as long as chance makes them; `hook` is a drop
in the sender's output hook, `netem` is `tc qdisc add ... netem loss`, where the kernel has it.
"""

import argparse
import json
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench.faults.kill_room import lab_of
from bench.faults.prober import sys_python
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from chaosproof.targets.local.target import LocalTarget

__all__ = ["measure"]

# what takes a loss off, and gives the packets that it hit; what puts it on
_Off = Callable[[], int]
_On = Callable[[], _Off]
_PORT = 7000
_SINK = """
import select, socket, sys
server = socket.create_server(("", int(sys.argv[1])), backlog=100)
poll = select.epoll()
poll.register(server, select.EPOLLIN)
open_ = {}
while True:
    for number, _ in poll.poll():
        if number == server.fileno():
            connection, _ = server.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            open_[connection.fileno()] = connection
            poll.register(connection, select.EPOLLIN)
            continue
        try:
            data = open_[number].recv(1 << 20)
            open_[number].setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        except OSError:
            data = b""
        if not data:
            poll.unregister(number)
            open_.pop(number).close()
"""
# host, port, connections, seconds, bytes of a message (0: bulk), seconds to wait. Prints what the kernel says of all
_SENDER = """
import fcntl, json, socket, struct, sys, time
host, port, count, seconds, size, settle = sys.argv[1], *map(int, sys.argv[2:7])
sockets = [socket.create_connection((host, port)) for _ in range(count)]
for s in sockets:
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.setblocking(False)
time.sleep(settle)
data, until = b"x" * (size or 1 << 16), time.monotonic() + seconds
def waits(s):
    return fcntl.ioctl(s, 0x5411, bytes(4)) != bytes(4)
def info(s):
    raw = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
    return [struct.unpack_from(kind, raw, at)[0] for kind, at in (("I", 100), ("Q", 120), ("I", 136))]
while time.monotonic() < until:
    for s in sockets:
        try:
            if not size or not waits(s):
                s.send(data)
        except BlockingIOError:
            pass
    time.sleep(0.001)
acked = sum(info(s)[1] for s in sockets)
while size and any(map(waits, sockets)):
    time.sleep(0.01)
found = [info(s) for s in sockets]
print(json.dumps({"retransmitted": sum(f[0] for f in found), "acked_kbit_s": acked * 8 / 1000 / seconds,
                  "segments": sum(f[2] for f in found)}), flush=True)
"""
_HOOK = """
table inet lossy {{
  chain out {{
    type filter hook output priority 0;
    tcp dport {port} numgen random mod 10000 < {share} counter drop
  }}
}}
"""


@contextmanager
def _room(folder: Path) -> Iterator[LocalTarget]:
    services = {
        "sink": {
            "command": [sys_python(), "-I", "-S", "-c", _SINK, str(_PORT)],
            "ports": {"tcp": _PORT},
            "healthcheck": {"tcp": "tcp", "interval_s": 1, "timeout_s": 60},
        },
        "client": {"command": ["sleep", "infinity"]},
    }
    with lab_of("loss", services, folder) as lab:
        yield lab


def _by_fault(
    target: LocalTarget, percent: float, backend: str, instance: str, direction: Any, **more: float
) -> _On:
    """A loss of ours, armed."""
    engine = FaultEngine(target, limits=Limits(allow_all=True), backend=backend, canary=False)
    fault = Fault(kind="loss", port=_PORT, loss_percent=percent, direction=direction, duration_s=290, **more)
    armed = engine.arm(fault, instance)

    def on() -> _Off:
        armed.apply()
        return lambda: engine.heal(instance)[0].packets or 0

    return on


def _by_segment(target: LocalTarget, percent: float) -> _On:
    """Bursts as long as chance alone makes them: each segment is lost by itself, by a netem that we put there."""
    return _by_fault(target, percent, "nft", "client-0", "egress", burst_packets=1 / (1 - percent / 100))


def _by_hook(target: LocalTarget, percent: float) -> _On:
    def on() -> _Off:
        _do(target, ["nft", "-f", "-"], _HOOK.format(port=_PORT, share=round(percent * 100)))
        return off

    def off() -> int:
        listed = _do(target, ["nft", "list", "table", "inet", "lossy"])
        _do(target, ["nft", "delete", "table", "inet", "lossy"])
        return int(re.findall(r"counter packets (\d+)", listed)[0])

    return on


def _by_netem(target: LocalTarget, percent: float) -> _On:
    root = ["dev", "eth0", "root"]

    def on() -> _Off:
        _do(target, ["tc", "qdisc", "add", *root, "netem", "limit", "10000", "loss", f"{percent:g}%"])
        return off

    def off() -> int:
        listed = _do(target, ["tc", "-s", "qdisc", "show", "dev", "eth0"])
        _do(target, ["tc", "qdisc", "del", *root])
        return int(re.findall(r"netem .*\n.*dropped (\d+)", listed)[0])

    return on


_WAYS: dict[str, Callable[[LocalTarget, float], _On]] = {
    "egress": partial(_by_fault, backend="nft", instance="client-0", direction="egress"),
    "iptables": partial(_by_fault, backend="iptables", instance="client-0", direction="egress"),
    "ingress": partial(_by_fault, backend="nft", instance="sink-0", direction="ingress"),
    "bursts": _by_segment,
    "hook": _by_hook,
    "netem": _by_netem,
}


def _do(target: LocalTarget, argv: Sequence[str], stdin: str = "", timeout_s: float = 60.0) -> str:
    done = target.run("client-0", argv, stdin=stdin, timeout_s=timeout_s)
    if done.exit_code:
        raise SystemExit(f"{argv[0]} ended with {done.exit_code}: {done.stderr}")
    return done.stdout


def measure(
    ways: Sequence[str], percent: float, rounds: int, seconds: int, settle_s: int
) -> Iterator[dict[str, Any]]:
    """A row per way, kind of traffic and round."""
    kinds = {"messages": ("4", "100"), "bulk": ("20", "0")}
    with tempfile.TemporaryDirectory() as name, _room(Path(name)) as target, ThreadPoolExecutor(1) as beside:
        host = target.instance("sink-0").address
        for number in range(rounds):
            for (kind, (connections, size)), way in ((kind, way) for kind in kinds.items() for way in ways):
                numbers = [connections, str(seconds), size, str(settle_s)]
                argv = [sys_python(), "-I", "-S", "-c", _SENDER, host, str(_PORT), *numbers]
                on = _WAYS[way](target, percent)
                sent = beside.submit(_do, target, argv, timeout_s=seconds + 120.0)
                time.sleep(settle_s / 2)
                off = on()
                row = json.loads(sent.result())
                yield {"way": way, "traffic": kind, "round": number, "dropped": off(), **row}


def _table(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    for traffic in ("messages", "bulk"):
        for way in dict.fromkeys(row["way"] for row in rows):
            of_way = [row for row in rows if (row["way"], row["traffic"]) == (way, traffic)]
            dropped, again = (sum(row[key] for row in of_way) for key in ("dropped", "retransmitted"))
            kbit_s = [row["acked_kbit_s"] for row in of_way]
            yield (
                f"{traffic:<9}{way:<9}{dropped:7} packets lost, {again:7} segments sent again ({again / dropped:.2f}), "
                f"{statistics.mean(kbit_s):8.1f} kbit/s (from {min(kbit_s):.1f} to {max(kbit_s):.1f})"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ways", default="egress,iptables,ingress,hook")
    parser.add_argument("--loss-percent", type=float, default=30.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--settle-s", type=int, default=2, help="for connecting and putting the loss on")
    given = parser.parse_args()
    found = []
    for row in measure(
        given.ways.split(","), given.loss_percent, given.rounds, given.seconds, given.settle_s
    ):
        print("RESULT", json.dumps(row), flush=True)
        found.append(row)
    print("\n".join(_table(found)))
