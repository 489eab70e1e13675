"""How long putting a fault on takes in a lab, and where the time goes.

    .venv/bin/python -m bench.faults.apply --calls 100

One call after another, in turn over four instances and over the ways, so that all meet the same machine; each fault is
healed after it. `armed` was armed before. `at once` was too, but its command had not begun: so it is on a target that
cannot keep one waiting. `as a whole` was not armed: one call looks, prepares, counts, and puts on. The rows above are
what a call is made of: a question to the lab, a command in an instance that does nothing, and nft that does nothing.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.faults.kill_room import room
from bench.faults.reaction import percentile
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from chaosproof.targets.local.target import LocalTarget

__all__ = ["measure"]

_INSTANCES = [f"client-{number}" for number in range(4)]
_PORT = 20_000
_DURATION_S = 120.0
_PAUSE_S = 0.05
_CUT: dict[str, dict[str, Any]] = {
    "reset": {"kind": "reset"},
    "reject": {"kind": "reject"},
    "drop": {"kind": "drop"},
    "loss": {"kind": "loss", "loss_percent": 50.0},
}
_WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"{kind} nft": ("nft", fields) for kind, fields in _CUT.items()},
    **{f"{kind} iptables": ("iptables", fields) for kind, fields in _CUT.items()},
    "rate nft": ("nft", {"kind": "rate", "rate_kbit": 1000.0}),
}
_HOWS = ("armed", "at once", "as a whole")


class _Plain(LocalTarget):
    """The lab without commands that wait for their input."""

    prestart = None  # type: ignore[assignment]


def measure(calls: int, hows: Sequence[str] = _HOWS) -> dict[str, list[float]]:
    """Milliseconds per call, by what was called."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name, room(Path(name), len(_INSTANCES), 0) as target:
        turn = itertools.cycle(_INSTANCES)
        found["question"] = _timed(calls, lambda: target.states())
        found["true"] = _timed(calls, lambda: target.run(next(turn), ["true"]))
        found["nft of nothing"] = _timed(calls, lambda: target.run(next(turn), ["nft", "-f", "-"]))
        limits = Limits(allow_all=True)
        engines = {
            (backend, how): FaultEngine(
                target if how == "armed" else _Plain(target.lab), limits=limits, backend=backend, canary=False
            )
            for backend in ("nft", "iptables")
            for how in hows
        }
        for engine, instance in itertools.product(engines.values(), _INSTANCES):
            engine.capabilities(instance)
        for _ in range(calls):
            for way, how in itertools.product(_WAYS, hows):
                backend, fields = _WAYS[way]
                fault = Fault(port=_PORT, duration_s=_DURATION_S, **fields)
                took_ms = _call(engines[backend, how], next(turn), fault, armed=how != "as a whole")
                found.setdefault(f"{way}, {how}", []).append(took_ms)
    return found


def _call(engine: FaultEngine, instance: str, fault: Fault, *, armed: bool) -> float:
    """One fault, put on and healed: the milliseconds of the call that put it on."""
    put_on = engine.arm(fault, instance).apply if armed else partial(engine.apply, fault, instance)
    time.sleep(_PAUSE_S)
    (took_ms,) = _timed(1, put_on)
    engine.heal(instance)
    return took_ms


def _timed(calls: int, call: Callable[[], object]) -> list[float]:
    took_ms = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        took_ms.append((time.perf_counter() - began) * 1000)
    return took_ms


def table(found: dict[str, Sequence[float]]) -> str:
    """The figures as text, one line per call."""
    lines = [f"{'call':<30}{'p50':>9}{'p99':>9}{'worst':>9}   in ms"]
    for name, values in found.items():
        cells = (statistics.median(values), percentile(values, 0.99), max(values))
        lines.append(f"{name:<30}" + "".join(f"{cell:9.2f}" for cell in cells))
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--how", choices=_HOWS, action="append", help="only this one, or these")
    arguments = parser.parse_args()
    print(table(dict(measure(arguments.calls, arguments.how or _HOWS))))
