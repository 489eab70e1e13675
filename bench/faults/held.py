"""What a delay by a userspace queue (backend nfqueue) really adds, and how many packets per second it carries.

    .venv/bin/python -m bench.faults.held
    .venv/bin/python -m bench.faults.held --rates 200 1000 --seconds 5

One client asks an echo at a fixed rate, never waiting for an answer, over one UDP socket or one TCP connection: first
without the fault, then with it. Printed, per rate: the round trip without it, what the delay adds to it at the median
and at the 99th percentile, how many answers never came, and the packets that the queue let pass at once. Round
trips count from when a request was due; the first second, in which TCP learns how long its way has become, is left out.
"""

import argparse
import json

from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault, Protocol
from chaosproof.runfolder.faults import FaultRecord
from tests.faults.netns_target import PORT, NetnsTarget

__all__ = ["main"]

_CLIENT, _SERVER = "client-0", "server-0"
# answers what comes, over both
_ECHO = f"""
import socket, threading
udp, tcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.create_server(("", {PORT}))
udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
udp.bind(("", {PORT}))
print("up", flush=True)
def datagrams():
    while True:
        udp.sendto(*udp.recvfrom(65536))
threading.Thread(target=datagrams, daemon=True).start()
while True:
    stream = tcp.accept()[0]
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while data := stream.recv(65536):
        stream.sendall(data)
"""
# asks `rate` times a second for `seconds`, 64 bytes each with a number; prints the round trips in ms
_ASK = """
import json, select, socket, struct, sys, time
protocol, host, port, rate, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])
if protocol == "tcp":
    s = socket.create_connection((host, port), 5)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
else:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    s.connect((host, port))
s.setblocking(False)
print("up", flush=True)
sys.stdin.readline()
total, due, took_ms, out, rest = int(rate * seconds), 0, {}, b"", b""
began = time.monotonic() + 0.02
while True:
    now = time.monotonic()
    while due < total and began + due / rate <= now and len(out) < 65536:
        out += struct.pack("=I60x", due)
        due += 1
    while out:
        try:
            out = out[s.send(out[:64] if protocol == "udp" else out):]
        except BlockingIOError:
            break
    left = began + due / rate - now if due < total else began + seconds + 1 - now
    if (due == total and len(took_ms) == total) or now > began + seconds + 1:
        break
    if select.select([s], [], [], max(0.0, left))[0]:
        while True:
            try:
                rest += s.recv(65536)
            except BlockingIOError:
                break
            now = time.monotonic()
            while len(rest) >= 64:
                (number,) = struct.unpack_from("=I", rest)
                rest = rest[64:]
                took_ms.setdefault(number, (now - began - number / rate) * 1000)
# in the first second TCP learns how long its way has become
steady = [ms for number, ms in took_ms.items() if number >= rate]
print(json.dumps([total - len(took_ms), sorted(steady)]), flush=True)
"""


def main(rates: list[float], protocols: list[Protocol], seconds: float, delay_ms: float) -> None:
    """Measure and print."""
    print(f"{'':<14}{'alone p50':>10}{'p99':>8}{'added p50':>12}{'p99':>8}{'lost':>8}{'passed at once':>16}")
    with NetnsTarget(clients=1, servers=1) as room:
        echo = room.python(_SERVER, _ECHO)
        assert echo.stdout and echo.stdout.readline() == "up\n"
        engine = FaultEngine(room, limits=Limits(allow_all=True), backend="nfqueue", canary=False)
        for protocol in protocols:
            for rate in rates:
                fault = Fault(
                    kind="delay", protocol=protocol, port=PORT, delay_ms=delay_ms, duration_s=seconds + 3
                )
                _, alone = _ask(room, protocol, rate, seconds)
                receipt = engine.apply(fault, _CLIENT)
                lost, held = _ask(room, protocol, rate, seconds)
                engine.heal(_CLIENT)
                final = engine.wait_until_ended(receipt)
                print(_line(f"{protocol} {rate:g}/s", alone, held, lost, final))


def _ask(room: NetnsTarget, protocol: str, rate: float, seconds: float) -> tuple[int, list[float]]:
    host = room.instance(_SERVER).address
    client = room.python(_CLIENT, _ASK, protocol, host, str(PORT), str(rate), str(seconds))
    assert client.stdin and client.stdout and client.stdout.readline() == "up\n"
    client.stdin.write("go\n")
    client.stdin.flush()
    lost, took_ms = json.loads(client.stdout.readline())
    client.wait(10)
    return lost, took_ms


def _line(name: str, alone: list[float], held: list[float], lost: int, receipt: FaultRecord) -> str:
    base = [_at(alone, 50), _at(alone, 99)]
    added = [_at(held, 50) - base[0], _at(held, 99) - base[0]]
    passed = receipt.note or "-"
    return f"{name:<14}{base[0]:>10.2f}{base[1]:>8.2f}{added[0]:>12.2f}{added[1]:>8.2f}{lost:>8}{passed:>16}"


def _at(ordered: list[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else float("nan")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rates", type=float, nargs="+", default=[200, 1000, 2000, 5000, 10000])
    parser.add_argument("--protocols", nargs="+", default=["udp", "tcp"], choices=["udp", "tcp"])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--delay-ms", type=float, default=100.0)
    asked = parser.parse_args()
    main(asked.rates, asked.protocols, asked.seconds, asked.delay_ms)
