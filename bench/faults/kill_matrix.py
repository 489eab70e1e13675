"""The kill matrix: whoever is killed, and whenever, is traffic whole again, and the network as before?

    .venv/bin/python -m bench.faults.kill_matrix

In a real lab, one instance per row, all rows at once. `runner` is the process that put the fault on, `helpers`
are all processes in the instance's network namespace but the instance itself (observer, watchdog, whatever they
run). `bit` counts tries that failed under the fault; `whole` is when, counted from the deadline, the first try
began that went through and that no failing one followed. The network is compared two seconds after the
deadline, and again after somebody healed.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.faults.prober import SINK, Prober, Try, sys_python
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from chaosproof.targets.local.launch import launch_lab
from chaosproof.targets.local.local import LocalTarget
from chaosproof.targets.local.wire import take_down
from chaosproof.targets.system_file import load_system

__all__ = ["Row", "run_matrix", "table"]

PORT = 7000
DURATION_S = 2.0
WHOLE_WITHIN_S = 0.5
TIDY_WITHIN_S = 1.5
_IDLE = ["sleep", "infinity"]
_BEFORE_END_S = 0.1

WAYS = {
    "reset nft": ("nft", {"kind": "reset", "port": PORT, "duration_s": DURATION_S}),
    "reset iptables": ("iptables", {"kind": "reset", "port": PORT, "duration_s": DURATION_S}),
    "rate nft": ("nft", {"kind": "rate", "rate_kbit": 8, "port": PORT, "duration_s": DURATION_S}),
}
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
    as_before_after_heal: bool


@dataclass(frozen=True)
class _Cell:
    instance: str
    way: str
    victims: str
    step: str


def run_matrix() -> list[Row]:
    """Try every way, victim and step, in a lab of our own; takes about twenty seconds."""
    combinations = [(way, victims, step) for way in WAYS for victims in VICTIMS for step in STEPS]
    cells = [_Cell(f"client-{number}", *rest) for number, rest in enumerate(combinations)]
    with tempfile.TemporaryDirectory() as name, _lab(Path(name), len(cells)) as target:
        return _run(target, Path(name), cells)


def _run(target: LocalTarget, folder: Path, cells: Sequence[_Cell]) -> list[Row]:
    names = [cell.instance for cell in cells]
    with ThreadPoolExecutor(4) as several:
        networks = dict(zip(names, several.map(lambda name: _network(target, name), names), strict=True))
        list(several.map(lambda cell: _prepare(target, cell), cells))
        engine = FaultEngine(target)
        before = list(several.map(engine.snapshot, names))
        prober = Prober(target, folder, names, target.address("sink").ip, PORT, pause_s=0.1)
        prober.wait_for(names, 0.0, 20.0)

        # one runner per step for those who lose it, and one, never killed, for those who do not
        crews = [
            [cell for cell in cells if cell.step == step and cell.victims != "helpers"] for step in STEPS
        ]
        crews.append([cell for cell in cells if cell.victims == "helpers"])
        killed: dict[str, int] = {}
        ends: dict[str, float] = {}
        runners = [_Runner(target.lab, crew) for crew in crews]
        try:
            threads = [
                threading.Thread(target=_follow, args=(runner, networks, killed, ends)) for runner in runners
            ]
            for runner in runners:
                runner.wait_until("armed")
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            for runner in runners:
                runner.kill()
        left_s = max(ends.values()) + WHOLE_WITHIN_S - time.time()
        if left_s > 0:
            time.sleep(left_s)  # the deadline itself is what is tried
        after = list(several.map(_settled, [engine] * len(names), names, before))
        prober.wait_for(names, max(ends.values()), 10.0)
        prober.stop()
        list(several.map(engine.heal, names))
        healed = list(several.map(engine.snapshot, names))
    tries = prober.tries()
    return [
        Row(
            **{key: value for key, value in asdict(cell).items() if key != "instance"},
            killed=killed.get(cell.instance, 0),
            bit=sum(not one.whole for one in tries[cell.instance]),
            whole_s=_whole_from_s(tries[cell.instance], ends.get(cell.instance)),
            as_before=before[n] == after[n],
            as_before_after_heal=before[n] == healed[n],
        )
        for n, cell in enumerate(cells)
    ]


def table(rows: Sequence[Row]) -> str:
    """The matrix as text, one line per row."""
    lines = [f"{'fault':<16}{'killed':<10}{'when':<22}{'bit':>5}{'whole':>10}  network as before"]
    for row in rows:
        whole = "-" if row.whole_s is None else f"{row.whole_s * 1000:+.0f} ms"
        network = "yes" if row.as_before else "after heal" if row.as_before_after_heal else "NO"
        lines.append(f"{row.way:<16}{row.victims:<10}{row.step:<22}{row.bit:>5}{whole:>10}  {network}")
    return "\n".join(lines)


class _Runner:
    """A process that arms the faults of its cells, and puts them on when told to."""

    def __init__(self, lab: str, crew: Sequence[_Cell]) -> None:
        self.crew = crew
        orders = [[cell.instance, *WAYS[cell.way]] for cell in crew]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.faults.kill_matrix", "--runner", lab, json.dumps(orders)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_until(self, word: str) -> None:
        said = self.read()
        if said != word:
            raise AssertionError(f"the runner said {said!r}, not {word!r}")

    def go(self) -> None:
        assert self._process.stdin
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def read(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the runner ended with {self._process.wait()}")
        return json.loads(line)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def _follow(
    runner: _Runner, networks: dict[str, int], killed: dict[str, int], ends: dict[str, float]
) -> None:
    """Lead one runner through its life, and kill it, or helpers, at their steps."""
    crew = {cell.instance: cell for cell in runner.crew}
    mortal = runner.crew[0].victims != "helpers"
    if mortal and runner.crew[0].step == "before apply":
        runner.kill()
        return
    runner.go()
    applied: dict[str, float] = {}
    for _ in crew:
        instance, applied[instance], ends[instance] = runner.read()
    steps = {STEPS[cell.step] for cell in runner.crew} - {None}
    for after_s in sorted(steps):  # type: ignore[type-var]
        now = [name for name, cell in crew.items() if STEPS[cell.step] == after_s]
        # the earliest of them decides: none may have ended by itself
        left_s = min(applied[name] for name in now) + (after_s or 0.0) - time.time()
        if left_s > 0:
            time.sleep(left_s)
        if mortal:
            runner.kill()
        helpers = {networks[name]: name for name in now if crew[name].victims != "runner"}
        for network, count in _kill_in(set(helpers)).items():
            killed[helpers[network]] = count
    if not mortal:
        runner.wait_until("closed")


def _kill_in(networks: set[int]) -> dict[int, int]:
    """SIGKILL to every process in these network namespaces but an instance's own; how many in each.

    Twice, for what was being started meanwhile; not for ever, since a runner that is alive looks on anew.
    """
    killed: dict[int, int] = {}
    for _ in range(2):
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if (
                    not folder.name.isdigit()
                    or (network := (folder / "ns/net").stat().st_ino) not in networks
                ):
                    continue
                command = (folder / "cmdline").read_bytes().decode().split("\0")[:-1]
                if not command or command == _IDLE:
                    continue  # a dead one has no command
                os.kill(int(folder.name), signal.SIGKILL)
                killed[network] = killed.get(network, 0) + 1
    return killed


def _whole_from_s(tries: Sequence[Try], end_at: float | None) -> float | None:
    """From the deadline to the beginning of the first whole try that no failing one followed."""
    if end_at is None:
        return None
    last_failure_at = max((one.began_at for one in tries if not one.whole), default=0.0)
    return min(one.began_at for one in tries if one.whole and one.began_at > last_failure_at) - end_at


def _settled(engine: FaultEngine, name: str, before: dict[str, Any]) -> dict[str, Any]:
    """The instance's network once it is as before, or after some time in which it could have become so."""
    give_up_at = time.monotonic() + TIDY_WITHIN_S
    while (now := engine.snapshot(name)) != before and time.monotonic() < give_up_at:
        time.sleep(0.1)
    return now


def _network(target: LocalTarget, name: str) -> int:
    said = target.run(name, ["readlink", "/proc/self/ns/net"]).stdout
    return int(said.strip().removeprefix("net:[").removesuffix("]"))


def _prepare(target: LocalTarget, cell: _Cell) -> None:
    FaultEngine(target, backend=WAYS[cell.way][0]).prepare(cell.instance)


@contextlib.contextmanager
def _lab(folder: Path, clients: int) -> Iterator[LocalTarget]:
    system = {
        "name": "kill-matrix",
        "services": {
            "sink": {
                "command": [sys_python(), "-I", "-S", "-c", SINK, str(PORT)],
                "ports": {"grpc": PORT},
                "healthcheck": {"tcp": "grpc", "interval_s": 0.1, "timeout_s": 20},
            },
            "client": {"command": _IDLE, "replicas": clients},
        },
    }
    file = folder / "system.yaml"
    file.write_text(json.dumps(system))  # JSON is YAML
    lab = launch_lab(load_system(file))
    try:
        yield LocalTarget(lab.name)
    finally:
        take_down(lab.name)


def _be_runner(lab: str, orders: str) -> None:
    target = LocalTarget(lab)
    work = [(instance, backend, Fault(**fault)) for instance, backend, fault in json.loads(orders)]
    engines = {
        backend: FaultEngine(target, limits=Limits(allow_all=True), backend=backend, canary=False)
        for _, backend, _ in work
    }
    with ThreadPoolExecutor(len(work)) as all_at_once:
        list(all_at_once.map(lambda one: engines[one[1]].arm(one[2], one[0]), work))
        print(json.dumps("armed"), flush=True)
        sys.stdin.readline()
        receipts = list(all_at_once.map(lambda one: engines[one[1]].apply(one[2], one[0]), work))
    for receipt in receipts:
        print(json.dumps([receipt.instance, receipt.applied_at, receipt.expires_at]), flush=True)
    for (_, backend, _), receipt in zip(work, receipts, strict=True):
        engines[backend].wait_until_ended(receipt)
    print(json.dumps("closed"), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--runner"]:
        _be_runner(*sys.argv[2:])
    else:
        print(table(run_matrix()))
