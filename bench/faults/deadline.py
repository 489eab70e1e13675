"""How quickly a fault is put on, and how near to its deadline it ends: 100 faults of 2 s, against a plain script.

    .venv/bin/python -m bench.faults.deadline --rounds 10

Ten instances with ours and ten with `iptables -A; sleep; iptables -D`, staggered so that no two deadlines meet. A
prober in each instance's network tries without a pause around its deadline: `end` is from the deadline to the
beginning of the first try that went through, `apply` how long the call took. A deadline is two seconds after the
call that put the fault on returned; so a fault of ours, whose time begins within the call, may end before it.
"""

import argparse
import json
import statistics
import subprocess
import time

from bench.faults.reaction import percentile
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from tests.faults.netns_target import PORT, NetnsTarget

DURATION_S = 2.0
EACH = 10
_STAGGER_S = 0.1

_SINK = f"""
import socket
server = socket.create_server(("", {PORT}), backlog=1000)
print("up", flush=True)
while True:
    server.accept()[0].close()
"""
# a deadline per line: prints how many tries failed around it, and when the first that went through began
_PROBER = """
import json, socket, struct, sys, time
host, port = sys.argv[1], int(sys.argv[2])
for line in sys.stdin:
    time.sleep(max(0.0, float(line) - 0.03 - time.time()))
    failed = 0
    while True:
        at = time.time()
        try:
            with socket.create_connection((host, port), 1) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            break
        except OSError:
            failed += 1
    print(json.dumps([failed, at]), flush=True)
"""
_RULE = f"OUTPUT -p tcp --dport {PORT} -j REJECT --reject-with tcp-reset"
_SCRIPT = f"iptables -w -A {_RULE}; echo on; sleep {DURATION_S}; iptables -w -D {_RULE}"


def main(rounds: int) -> None:
    ours, script = ([f"client-{number}" for number in range(first, 2 * EACH, 2)] for first in (0, 1))
    fault = Fault(kind="reset", port=PORT, duration_s=DURATION_S)
    applies_ms: list[float] = []
    ends_ms: dict[str, list[float]] = {"ours": [], "script": []}
    early = 0
    with NetnsTarget(clients=2 * EACH, servers=1) as room:
        sink = room.python("server-0", _SINK)
        assert sink.stdout and sink.stdout.readline() == "up\n"
        address = room.instance("server-0").address
        probers = {name: room.python(name, _PROBER, address, str(PORT)) for name in [*ours, *script]}
        engine = FaultEngine(room, limits=Limits(allow_all=True), canary=False)
        for _ in range(rounds):
            armed = {name: engine.arm(fault, name) for name in ours}
            running: list[subprocess.Popen[str]] = []
            receipts = []
            deadlines: dict[str, float] = {}
            for a, b in zip(ours, script, strict=True):
                receipts.append(armed[a].apply())
                applies_ms.append(receipts[-1].apply_ms or 0.0)
                deadlines[a] = _tell(probers[a], receipts[-1].expires_at or 0.0)
                time.sleep(_STAGGER_S)
                running.append(room.start(b, ["sh", "-c", _SCRIPT]))
                stdout = running[-1].stdout
                assert stdout and stdout.readline() == "on\n"
                deadlines[b] = _tell(probers[b], time.time() + DURATION_S)
                time.sleep(_STAGGER_S)
            for way, names in (("ours", ours), ("script", script)):
                for name in names:
                    stdout = probers[name].stdout
                    assert stdout
                    failed, at = json.loads(stdout.readline())
                    early += not failed
                    ends_ms[way].append((at - deadlines[name]) * 1000)
            for process in running:
                process.wait()
            for receipt in receipts:
                engine.wait_until_ended(receipt)
    print(f"apply   p50 {statistics.median(applies_ms):7.2f} ms  p99 {percentile(applies_ms, 0.99):7.2f} ms")
    for way, values in ends_ms.items():
        print(
            f"{way:<7} end p50 {statistics.median(values):+7.2f} ms  p99 {percentile(values, 0.99):+7.2f} ms  "
            f"worst {max(values):+7.2f} ms, over {len(values)}"
        )
    print(f"{early} had ended before the prober looked, 30 ms before the deadline")


def _tell(prober: "subprocess.Popen[str]", deadline_at: float) -> float:
    assert prober.stdin
    prober.stdin.write(f"{deadline_at!r}\n")
    prober.stdin.flush()
    return deadline_at


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    main(parser.parse_args().rounds)
