"""What needs netem, tried in a kernel that has it; prints one line `RESULT {...}` per fault, in JSON.

python -m tests.faults.netem_inside
"""

import itertools
import json
import time

from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.model import Fault
from tests.support.network import snapshot

from . import conftest
from .netns_target import PORT, SERVICE_ADDRESS, NetnsTarget

# an emulated processor is slow: a fault must outlast several commands
DURATION_S = 8.0
TRIES = 6
ROUND_TRIPS = 9
FAULTS = {
    "delay 400": Fault(kind="delay", port=PORT, duration_s=DURATION_S, delay_ms=400),
    "delay 100": Fault(kind="delay", port=PORT, duration_s=DURATION_S, delay_ms=100),
    "duplicate": Fault(kind="duplicate", port=PORT, duration_s=DURATION_S, duplicate_percent=100),
    "corrupt": Fault(kind="corrupt", port=PORT, duration_s=DURATION_S, corrupt_percent=100),
    "reorder": Fault(kind="reorder", port=PORT, duration_s=DURATION_S, delay_ms=400, reorder_percent=50),
}

LOSS_PERCENT, BURST_PACKETS, DATAGRAMS = 20.0, 5.0, 4000
PYTHON = ["python3", "-I", "-S", "-c"]
SENDER = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for number in range(int(sys.argv[2])):
    s.sendto(number.to_bytes(4, "big"), (sys.argv[1], 5353))
    time.sleep(0.0005)
print("all")
"""
# which of so many numbers arrive, once nothing has come for five seconds
RECEIVER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5353))
print("up", flush=True)
arrived = set()
try:
    while True:
        arrived.add(int.from_bytes(s.recv(10), "big"))
        s.settimeout(5)
except TimeoutError:
    print("".join("01"[number in arrived] for number in range(int(sys.argv[1]))), flush=True)
"""


def main() -> None:
    patient = conftest.CLIENT.replace("(host, port), 2)", "(host, port), 20)")
    assert patient != conftest.CLIENT
    conftest.CLIENT = patient
    with NetnsTarget() as room:
        echo = room.python("server-0", conftest.ECHO, str(PORT))
        assert echo.stdout and echo.stdout.readline() == "up\n"
        engine = FaultEngine(room, canary=False)
        client = conftest.Client(room, "client-0", SERVICE_ADDRESS)
        engine.prepare("client-0")
        before = snapshot(run_in(room))
        for name, fault in FAULTS.items():
            say(name, room, engine, client, fault, before)
        lose_in_bursts(room, engine)
        for kind in ("reset", "drop"):
            last_resort = FaultEngine(room, backend="tc", canary=False)
            fault = Fault(kind=kind, port=PORT, duration_s=DURATION_S)
            say(f"tc {kind}", room, last_resort, client, fault, before)


def say(
    name: str, room: NetnsTarget, engine: FaultEngine, client: conftest.Client, fault: Fault, before
) -> None:
    rtt = f"rtt {ROUND_TRIPS}" if fault.kind == "delay" else None
    base_ms = float(client.ask(rtt)) if rtt else 0.0
    receipt = engine.apply(fault, "client-0")
    answer = client.ask("echo 2")
    rtt_ms = float(client.ask(rtt)) if rtt else 0.0
    opened = None
    if fault.kind == "corrupt":
        # a bit flipped in the sender's link address goes unnoticed: let several packets try
        opened = sum(client.ask("new 0.5") == "ok" for _ in range(TRIES))
    queues = room.run("client-0", ["tc", "-s", "qdisc", "show"]).stdout
    final = engine.wait_until_ended(receipt)
    left = snapshot(run_in(room))
    give_up_at = time.monotonic() + 20
    while left != before and time.monotonic() < give_up_at:
        left = snapshot(run_in(room))
    result = {
        "name": name,
        "answer": answer,
        "base_ms": round(base_ms, 1),
        "rtt_ms": round(rtt_ms, 1),
        "queues": queues,
        "packets": final.packets,
        "opened": opened,
        "fidelity": final.fidelity,
        "ended_by": final.ended_by,
        "same": left == before,
        "after": client.ask("new 20"),
    }
    print("RESULT", json.dumps(result), flush=True)


def lose_in_bursts(room: NetnsTarget, engine: FaultEngine) -> None:
    """Which of many datagrams get lost, and in how long bursts."""
    fault = Fault(
        kind="loss",
        protocol="udp",
        port=5353,
        duration_s=120,
        loss_percent=LOSS_PERCENT,
        burst_packets=BURST_PACKETS,
    )
    receiver = room.python("server-0", RECEIVER, str(DATAGRAMS))
    assert receiver.stdout and receiver.stdout.readline() == "up\n"
    engine.apply(fault, "client-0")
    sent = room.run(
        "client-0",
        [*PYTHON, SENDER, room.instance("server-0").address, str(DATAGRAMS)],
        timeout_s=100.0,
    )
    lost = [arrived == "0" for arrived in receiver.stdout.readline().strip()]
    bursts = [len(list(run)) for is_lost, run in itertools.groupby(lost) if is_lost]
    (receipt,) = engine.heal("client-0")
    result = {
        "name": "bursts",
        "sent": sent.stdout.strip(),
        "lost": sum(lost),
        "bursts": len(bursts),
        "packets": receipt.packets,
    }
    print("RESULT", json.dumps(result), flush=True)


def run_in(room: NetnsTarget):
    return lambda argv, *, stdin="", timeout_s=10.0: room.run("client-0", argv, stdin=stdin, timeout_s=60.0)


if __name__ == "__main__":
    main()
