"""Whether faults get slower as they get more: 50 on one instance, and one on each of 20 instances.

    .venv/bin/python -m bench.faults.many

Each call is timed alone, one after another, while all earlier faults stay on and are observed. `first` and `last`
are the medians of the first and the last fifth of the calls.
"""

import statistics
import time
from collections.abc import Sequence

from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from tests.faults.netns_target import NetnsTarget
from tests.support.network import snapshot_of

FIRST_PORT = 41000
DURATION_S = 60.0


def main() -> None:
    with NetnsTarget(clients=20, servers=1) as room:
        names = [f"client-{number}" for number in range(20)]
        _measure(room, "50 faults on one instance", ["client-0"] * 50)
        _measure(room, "one fault on 20 instances", names)
        _measure(room, "5 faults on 20 instances", names * 5)


def _measure(room: NetnsTarget, title: str, instances: Sequence[str]) -> None:
    engine = FaultEngine(room, limits=Limits(allow_all=True), canary=False)
    for name in set(instances):
        engine.prepare(name)
    before = {name: snapshot_of(room, name) for name in set(instances)}
    calls_ms = []
    for number, name in enumerate(instances):
        fault = Fault(kind="reset", port=FIRST_PORT + number, duration_s=DURATION_S)
        armed = engine.arm(fault, name)
        began = time.perf_counter()
        armed.apply()
        calls_ms.append((time.perf_counter() - began) * 1000)
    healed = len(engine.heal())
    left = sum(snapshot_of(room, name) != before[name] for name in before)
    fifth = len(calls_ms) // 5
    first, last = statistics.median(calls_ms[:fifth]), statistics.median(calls_ms[-fifth:])
    print(
        f"{title:<28} apply p50 {statistics.median(calls_ms):6.2f} ms, first {first:6.2f}, last {last:6.2f}, "
        f"ratio {last / first:.2f}; {healed} healed, {left} networks changed"
    )


if __name__ == "__main__":
    main()
