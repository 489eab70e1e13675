"""The kill matrix: whoever is killed, and whenever, is traffic whole again, and the network as before?

    .venv/bin/python -m bench.faults.kill_matrix [FAULT...]

Every fault in every way that this kernel can make it, in a real lab, one instance per row, many rows at once.
`runner` is the process that put the fault on, `helpers` are all processes in the instance's network namespace but
the instance itself (observer, watchdog, whatever they run); of a stress it is the process that keeps its time, and a
pause has none: the lab itself lets the instance go on. `bit` counts tries that failed under the fault; `whole` is
when, counted from the deadline, the first try began that went through and that no failing one followed. The network
is compared after that, within two seconds of the deadline; nobody heals.
"""

import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.faults.kill_room import PORT, in_networks, network_of, room
from bench.faults.kill_runner import Runner
from bench.faults.kill_stress import StressWatch
from bench.faults.prober import Prober, Try
from chaosproof.faults.engine import FaultEngine
from chaosproof.targets.local.target import LocalTarget
from tests.support.network import snapshot_of

__all__ = [
    "PROCESS_WAYS",
    "STEPS",
    "VICTIMS",
    "WAYS",
    "WHOLE_WITHIN_S",
    "Row",
    "run_matrix",
    "table",
    "ways_here",
]

DURATION_S = 2.0
WHOLE_WITHIN_S = 0.5
_AS_BEFORE_WITHIN_S = 1.5
_BEFORE_END_S = 0.1
_ROWS_AT_ONCE = 24
_STRESS_MB = 8

_CUT = {
    kind: {"kind": kind, "port": PORT, "duration_s": DURATION_S, **more}
    for kind, more in {"reset": {}, "reject": {}, "drop": {}, "loss": {"loss_percent": 95.0}}.items()
}
_SHAPE = {
    kind: {"kind": kind, "port": PORT, "duration_s": DURATION_S, **more}
    for kind, more in {
        "rate": {"rate_kbit": 8},
        "delay": {"delay_ms": 500},
        "duplicate": {"duplicate_percent": 100},
        "corrupt": {"corrupt_percent": 100},
        "reorder": {"delay_ms": 500, "reorder_percent": 1},
    }.items()
}
_NETEM = frozenset(_SHAPE) - {"rate"}
# what is tried: the backend, and the fields of the fault
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"{kind} nft": ("nft", fault) for kind, fault in {**_CUT, **_SHAPE}.items()},
    **{f"{kind} iptables": ("iptables", fault) for kind, fault in _CUT.items()},
    **{f"{kind} tc": ("tc", _CUT[kind]) for kind in ("reset", "drop")},
    "delay nfqueue": ("nfqueue", _SHAPE["delay"]),
    "pause": ("signal", {"kind": "pause", "duration_s": DURATION_S}),
    "stress": ("stress-ng", {"kind": "stress", "duration_s": DURATION_S, "cpu_workers": 1}),
}
PROCESS_WAYS = ("pause", "stress")
VICTIMS = ("runner", "helpers", "both")
# when the victims are killed, in seconds after the fault went on; `None`: before it does
STEPS: dict[str, float | None] = {
    "before apply": None,
    "just after": 0.0,
    "in the middle": DURATION_S / 2,
    "just before the end": DURATION_S - _BEFORE_END_S,
}


@dataclass(frozen=True)
class Row:
    """One row: what was tried, and what was seen. `whole_s` is `None` where no fault ever went on."""

    way: str
    victims: str
    step: str
    killed: int
    bit: int
    whole_s: float | None
    as_before: bool


@dataclass(frozen=True)
class _Cell:
    instance: str
    way: str
    victims: str
    step: str
    memory_mb: int

    @property
    def order(self) -> tuple[str, str, dict[str, Any]]:
        backend, fields = WAYS[self.way]
        return self.instance, backend, {**fields, **({"memory_mb": self.memory_mb} if self._stress else {})}

    @property
    def _stress(self) -> bool:
        return self.way == "stress"


def ways_here() -> list[str]:
    """The ways that this kernel has: without netem there is no duplicate, corrupt, reorder, no tc, no delay by nft."""
    with tempfile.TemporaryDirectory() as name, room(Path(name), 1, 0) as target:
        known = FaultEngine(target).capabilities("client-0")
    return [way for way, (backend, fault) in WAYS.items() if not known.lack(_ability(backend, fault["kind"]))]


def _ability(backend: str, kind: str) -> str:
    if backend in ("iptables", "nfqueue"):
        return backend
    return "netem" if backend == "tc" or kind in _NETEM else "nft"


def run_matrix(
    ways: Sequence[str], victims: Sequence[str] = VICTIMS, steps: Sequence[str] = tuple(STEPS)
) -> list[Row]:
    """Try every way with all victims and steps, in a lab of our own; 24 rows take about eight seconds."""
    each = max(1, _ROWS_AT_ONCE // (len(victims) * len(steps)))
    batches = [
        [(way, who, step) for way in some for who in victims for step in steps]
        for alike in (
            [one for one in ways if one not in PROCESS_WAYS],
            [one for one in ways if one in PROCESS_WAYS],
        )
        for some in _spread(alike, each)
    ]
    rows = []
    most = max(map(len, batches))
    servers = most if any(way in PROCESS_WAYS for way in ways) else 0
    with tempfile.TemporaryDirectory() as name, room(Path(name), most, servers) as target:
        for number, batch in enumerate(batches):
            folder = Path(name) / f"batch-{number}"
            folder.mkdir()
            rows += _run(target, folder, list(_cells(batch)))
    return sorted(rows, key=lambda row: ways.index(row.way))


def _spread(ways: Sequence[str], each: int) -> list[Sequence[str]]:
    """The ways in batches of `each`. Those of one backend stand side by side, and would all end at one moment."""
    batches = math.ceil(len(ways) / each)
    return [ways[first::batches] for first in range(batches)]


def _cells(combinations: Sequence[tuple[str, str, str]]) -> Iterator[_Cell]:
    for number, (way, who, step) in enumerate(combinations):
        service = "server" if way in PROCESS_WAYS else "client"
        yield _Cell(f"{service}-{number}", way, who, step, _STRESS_MB + number)


def _run(target: LocalTarget, folder: Path, cells: Sequence[_Cell]) -> list[Row]:
    names = [cell.instance for cell in cells]
    sink = target.address("sink").ip
    paths = {
        cell.instance: ("", target.instance(cell.instance).address)
        if cell.way in PROCESS_WAYS
        else (cell.instance, sink)
        for cell in cells
    }
    watch = StressWatch({cell.instance: cell.memory_mb for cell in cells if cell.way == "stress"})
    with ThreadPoolExecutor(4) as several, watch:
        networks = dict(zip(names, several.map(lambda name: network_of(target, name), names), strict=True))
        list(several.map(lambda cell: _prepare(target, cell), cells))
        before = list(several.map(lambda name: snapshot_of(target, name), names))
        prober = Prober(target, folder, paths, PORT, pause_s=0.1)
        prober.wait_for(names, 0.0, 20.0)
        killed: dict[str, int] = {}
        ends: dict[str, float] = {}

        def kill_helpers(crew: Sequence[_Cell]) -> None:
            for cell in (one for one in crew if one.way == "stress"):
                killed[cell.instance] = watch.kill_leader(cell.instance)
            helped = {networks[cell.instance]: cell.instance for cell in crew}
            # twice, for what was being started meanwhile; not for ever, since a runner that is alive looks on anew
            for _ in range(2):
                for process in in_networks(helped):
                    process.kill()
                    name = helped[process.network]
                    killed[name] = killed.get(name, 0) + 1

        _lead(target.lab, cells, kill_helpers, ends)
        left_s = max(ends.values(), default=0.0) + WHOLE_WITHIN_S - time.time()
        if left_s > 0:
            time.sleep(left_s)  # the deadline itself is what is tried
        after = list(several.map(_settled, [target] * len(names), names, before))
        prober.wait_for(names, max(ends.values(), default=0.0), 10.0)
        prober.stop()
    tries = {**prober.tries(), **watch.tries()}
    return [
        Row(
            cell.way,
            cell.victims,
            cell.step,
            killed=killed.get(cell.instance, 0),
            bit=sum(not one.whole for one in tries[cell.instance]),
            whole_s=_whole_from_s(tries[cell.instance], ends.get(cell.instance)),
            as_before=before[n] == after[n],
        )
        for n, cell in enumerate(cells)
    ]


def table(rows: Sequence[Row]) -> str:
    """The matrix as text, one line per row."""
    lines = [f"{'fault':<16}{'killed':<10}{'when':<22}{'bit':>5}{'whole':>10}  network as before"]
    for row in rows:
        whole = "-" if row.whole_s is None else f"{row.whole_s * 1000:+.0f} ms"
        network = "yes" if row.as_before else "NO"
        lines.append(f"{row.way:<16}{row.victims:<10}{row.step:<22}{row.bit:>5}{whole:>10}  {network}")
    return "\n".join(lines)


def _prepare(target: LocalTarget, cell: _Cell) -> None:
    if cell.way not in PROCESS_WAYS:
        FaultEngine(target, backend=WAYS[cell.way][0]).prepare(cell.instance)


def _settled(target: LocalTarget, name: str, before: dict[str, Any]) -> dict[str, Any]:
    """The instance's network once it is as before, or after some time in which it could have become so."""
    give_up_at = time.monotonic() + _AS_BEFORE_WITHIN_S
    while (now := snapshot_of(target, name)) != before and time.monotonic() < give_up_at:
        time.sleep(0.1)
    return now


_KillHelpers = Callable[[Sequence[_Cell]], None]


def _lead(lab: str, cells: Sequence[_Cell], kill_helpers: _KillHelpers, ends: dict[str, float]) -> None:
    """Start runners, have them put the faults on, and kill them, or helpers, at their steps; fills `ends`."""
    # one runner per step for those who lose it, and one, never killed, for those who do not
    crews = [[cell for cell in cells if cell.step == step and cell.victims != "helpers"] for step in STEPS]
    crews = [crew for crew in [*crews, [cell for cell in cells if cell.victims == "helpers"]] if crew]
    runners = [Runner(lab, [cell.order for cell in crew]) for crew in crews]
    try:
        for runner in runners:
            runner.wait_until("armed")
        with ThreadPoolExecutor(len(runners)) as at_once:
            led = [
                at_once.submit(_follow, runner, crew, kill_helpers, ends)
                for runner, crew in zip(runners, crews, strict=True)
            ]
            for one in led:
                one.result()
    finally:
        for runner in runners:
            runner.kill()


def _follow(
    runner: Runner, crew: Sequence[_Cell], kill_helpers: _KillHelpers, ends: dict[str, float]
) -> None:
    """Lead one runner through its life."""
    mortal = crew[0].victims != "helpers"
    if mortal and crew[0].step == "before apply":
        runner.kill()
        return
    runner.go()
    applied: dict[str, float] = {}
    for _ in crew:
        instance, applied[instance], ends[instance] = runner.read()
    for after_s in sorted({after_s for cell in crew if (after_s := STEPS[cell.step]) is not None}):
        now = [cell for cell in crew if STEPS[cell.step] == after_s]
        # the earliest of them decides: none may have ended by itself
        left_s = min(applied[cell.instance] for cell in now) + after_s - time.time()
        if left_s > 0:
            time.sleep(left_s)
        if mortal:
            runner.kill()
        kill_helpers([cell for cell in now if cell.victims != "runner"])
    if not mortal:
        runner.wait_until("closed")


def _whole_from_s(tries: Sequence[Try], end_at: float | None) -> float | None:
    """From the deadline to the beginning of the first whole try that no failing one followed."""
    if end_at is None:
        return None
    last_failure_at = max((one.began_at for one in tries if not one.whole), default=0.0)
    return min(one.began_at for one in tries if one.whole and one.began_at > last_failure_at) - end_at


if __name__ == "__main__":
    print(table(run_matrix(sys.argv[1:] or ways_here())))
