"""How soon a fault bites after the call, and how exactly it ends: ours against a plain shell script.

    .venv/bin/python -m bench.faults.reaction --rounds 30

A prober in the instance tries about a thousand times a second and notes when the first try failed and when
the first one after that went through. `start` is from the call to the first failure, `overrun` how much longer
than planned the failures lasted (below zero: shorter), `call` how long the call took. The script is
`iptables -A ...; sleep; iptables -D ...`, started in the same way, in the same rooms, in turn with ours.
"""

import argparse
import json
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chaosproof.faults.engine import ArmedFault, FaultEngine
from chaosproof.faults.model import Fault
from tests.faults.netns_target import PORT, SERVICE_ADDRESS, NetnsTarget

DURATION_S = 0.3
DATAGRAM_PORT = 5353

ECHO = f"""
import socket, threading
stream = socket.create_server(("", {PORT}), backlog=1000)
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(("", {DATAGRAM_PORT}))
def reflect():
    while True:
        data, sender = datagrams.recvfrom(10)
        datagrams.sendto(data, sender)
threading.Thread(target=reflect, daemon=True).start()
print("up", flush=True)
while True:
    stream.accept()[0].close()
"""
# each line on stdin is a round: tries until failures began and ended, and prints both instants
PROBER = f"""
import json, socket, struct, sys, time
kind, host = sys.argv[1:]
def stream():
    try:
        with socket.create_connection((host, {PORT}), 0.005) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return True
    except OSError:
        return False
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.002)
def datagram():
    try:
        s.sendto(b"x", (host, {DATAGRAM_PORT}))
        s.recv(10)
        return True
    except OSError:
        return False
tries = {{"stream": stream, "datagram": datagram}}
def attempt():
    time.sleep(0.0005)
    return tries[kind]()
for _ in sys.stdin:
    while not attempt():
        pass
    print("whole", flush=True)
    misses, first = 0, 0.0
    while misses < 2:  # one alone may be the machine's
        at = time.time()
        if attempt():
            misses = 0
        else:
            first = first if misses else at
            misses += 1
    while not attempt():
        pass
    print(json.dumps([first, time.time()]), flush=True)
"""


@dataclass(frozen=True)
class Way:
    """A way of making a fault: `ready` does what is done ahead of time, `call` switches it on."""

    name: str
    prober: str
    ready: Callable[[], None]
    call: Callable[[], object]


def main(rounds: int) -> None:
    with NetnsTarget(clients=2, servers=2) as room:
        echo = room.python("server-0", ECHO)
        assert echo.stdout and echo.stdout.readline() == "up\n"
        probers = {
            "stream": room.python("client-0", PROBER, "stream", SERVICE_ADDRESS),
            "datagram": room.python("client-0", PROBER, "datagram", room.instance("server-0").address),
        }
        ways = ways_of(room)
        results: dict[str, list[tuple[float, float, float]]] = {way.name: [] for way in ways}
        for _ in range(rounds):
            for way in ways:
                results[way.name].append(one_round(probers[way.prober], way))
        report(results)


def one_round(prober: "subprocess.Popen[str]", way: Way) -> tuple[float, float, float]:
    """(start, overrun, call) in seconds."""
    assert prober.stdin and prober.stdout
    prober.stdin.write("go\n")
    prober.stdin.flush()
    assert prober.stdout.readline() == "whole\n"
    way.ready()
    called_at = time.time()
    way.call()
    call_s = time.time() - called_at
    first_at, whole_at = json.loads(prober.stdout.readline())
    return first_at - called_at, whole_at - first_at - DURATION_S, call_s


def ways_of(room: NetnsTarget) -> list[Way]:
    tcp = {"port": PORT, "duration_s": DURATION_S}
    udp = {"protocol": "udp", "port": DATAGRAM_PORT, "direction": "ingress", "duration_s": DURATION_S}
    reset, reject = Fault(kind="reset", **tcp), Fault(kind="reject", **tcp)
    drop, loss = Fault(kind="drop", **udp), Fault(kind="loss", loss_percent=100.0, **udp)
    reset_rule = f"OUTPUT -p tcp --dport {PORT} -j REJECT --reject-with tcp-reset"
    drop_rule = f"INPUT -p udp --dport {DATAGRAM_PORT} -j DROP"
    return [
        ours("reset nft", room, "client-0", reset, "nft"),
        ours("reset iptables", room, "client-0", reset, "iptables"),
        script("reset script", room, "client-0", "stream", reset_rule),
        ours("reject nft", room, "client-0", reject, "nft"),
        ours("drop nft", room, "server-0", drop, "nft"),
        ours("drop iptables", room, "server-0", drop, "iptables"),
        script("drop script", room, "server-0", "datagram", drop_rule),
        ours("loss nft", room, "server-0", loss, "nft"),
    ]


def ours(name: str, room: NetnsTarget, instance: str, fault: Fault, backend: str) -> Way:
    engine = FaultEngine(room, backend=backend, canary=False)

    armed: list[ArmedFault] = []

    def ready() -> None:
        for receipt in engine.receipts():  # an observer of the last round would compete with this one
            engine.wait_until_ended(receipt)
        armed.append(engine.arm(fault, instance))

    prober = "stream" if fault.protocol == "tcp" else "datagram"
    return Way(name, prober, ready, lambda: armed.pop().apply())


def script(name: str, room: NetnsTarget, instance: str, prober: str, rule: str) -> Way:
    running: list[subprocess.Popen[str]] = []

    text = f"iptables -A {rule}; sleep {DURATION_S}; iptables -D {rule}"

    def ready() -> None:
        for process in running:
            process.wait()
        running.clear()

    return Way(name, prober, ready, lambda: running.append(room.start(instance, ["sh", "-c", text])))


def report(results: dict[str, list[tuple[float, float, float]]]) -> None:
    print(
        f"{'way':<16}{'start p50':>12}{'p99':>9}{'overrun p50':>14}{'p99':>9}{'call p50':>11}{'p99':>9}   in ms"
    )
    medians = {}
    for name, rows in results.items():
        columns = [[value * 1000 for value in column] for column in zip(*rows, strict=True)]
        cells = [(statistics.median(column), percentile(column, 0.99)) for column in columns]
        medians[name] = [cell[0] for cell in cells]
        print(
            f"{name:<16}{cells[0][0]:12.2f}{cells[0][1]:9.2f}{cells[1][0]:14.2f}{cells[1][1]:9.2f}"
            f"{cells[2][0]:11.2f}{cells[2][1]:9.2f}"
        )
    for kind in ("reset", "drop"):
        start = medians[f"{kind} script"][0] / medians[f"{kind} nft"][0]
        # medians near zero make no ratio
        late = medians[f"{kind} script"][1] - medians[f"{kind} nft"][1]
        print(f"{kind}: the script bites {start:.2f} times as late as nft, and ends {late:.2f} ms later")


def percentile(values: Sequence[float], share: float) -> float:
    """The exact percentile: the smallest value that so many are not above."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 1).__int__() - 1)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=30)
    main(parser.parse_args().rounds)
