"""How long putting a fault on takes in a lab, and where the time goes.

    .venv/bin/python -m bench.faults.apply --calls 100

One call after another, in turn over four instances, each armed before and healed after: what many faults at once cost
is `bench.faults.many`. The rows above are what a call is made of: a question to the lab, a command in an instance that
does nothing, and nft that does nothing.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.faults.kill_room import room
from bench.faults.reaction import percentile
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault

__all__ = ["measure"]

_INSTANCES = [f"client-{number}" for number in range(4)]
_PORT = 20_000
_DURATION_S = 120.0
_PAUSE_S = 0.05
_WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "reset nft": ("nft", {"kind": "reset"}),
    "loss nft": ("nft", {"kind": "loss", "loss_percent": 50.0}),
    "reset iptables": ("iptables", {"kind": "reset"}),
    "rate nft": ("nft", {"kind": "rate", "rate_kbit": 1000.0}),
}


def measure(calls: int) -> dict[str, list[float]]:
    """Milliseconds per call, by what was called."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name, room(Path(name), len(_INSTANCES), 0) as target:
        turn = itertools.cycle(_INSTANCES)
        found["question"] = _timed(calls, lambda: target.states())
        found["true"] = _timed(calls, lambda: target.run(next(turn), ["true"]))
        found["nft of nothing"] = _timed(calls, lambda: target.run(next(turn), ["nft", "-f", "-"]))
        for way, (backend, fields) in _WAYS.items():
            engine = FaultEngine(target, limits=Limits(allow_all=True), backend=backend, canary=False)
            fault = Fault(port=_PORT, duration_s=_DURATION_S, **fields)
            found[way] = []
            for _ in range(calls):
                instance = next(turn)
                engine.arm(fault, instance)
                time.sleep(_PAUSE_S)
                found[way] += _timed(1, lambda: engine.apply(fault, instance))  # noqa: B023
                engine.heal(instance)
    return found


def _timed(calls: int, call: Callable[[], object]) -> list[float]:
    took_ms = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        took_ms.append((time.perf_counter() - began) * 1000)
    return took_ms


def table(found: dict[str, Sequence[float]]) -> str:
    """The figures as text, one line per call."""
    lines = [f"{'call':<16}{'p50':>9}{'p99':>9}{'worst':>9}   in ms"]
    for name, values in found.items():
        cells = (statistics.median(values), percentile(values, 0.99), max(values))
        lines.append(f"{name:<16}" + "".join(f"{cell:9.2f}" for cell in cells))
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=100)
    print(table(dict(measure(parser.parse_args().calls))))
