"""The process that a kill matrix kills: it arms the faults of its instances, and puts them on when told to.

python -m bench.faults.kill_runner LAB '[["client-0", "nft", {"kind": "reset", "port": 7000, "duration_s": 2}]]'
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chaosproof.faults.backends import BACKENDS
from chaosproof.faults.engine import ArmedFault, FaultEngine
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from chaosproof.faults.process import ProcessFaults
from chaosproof.targets.local.target import LocalTarget

__all__ = ["Runner"]

_LIMITS = Limits(allow_all=True)
# (instance, backend, fields of the fault)
Order = tuple[str, str, dict[str, Any]]


class Runner:
    """A runner that is another process, seen from whoever will kill it."""

    def __init__(self, lab: str, orders: Sequence[Order]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.faults.kill_runner", lab, json.dumps(orders)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_until(self, word: str) -> None:
        """Return when it says `word`: `armed`, and `closed` when it has seen every end."""
        said = self.read()
        if said != word:
            raise AssertionError(f"the runner said {said!r}, not {word!r}")

    def go(self) -> None:
        """Have all faults put on; for each it then says the instance, when it went on, and its deadline."""
        assert self._process.stdin
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def read(self) -> Any:
        """What it says next."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"the runner ended with {self._process.wait()}")
        return json.loads(line)

    def kill(self) -> None:
        """SIGKILL; harmless when it is dead."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


# puts a fault on, and returns what waits until its end has been seen
_Act = Callable[[], tuple[float, float, Callable[[], object]]]


def main(lab: str, orders: str) -> None:
    """Arm, wait for a line, put all on at once, wait for their ends, wait for a line."""
    target = LocalTarget(lab)
    engines = {name: FaultEngine(target, limits=_LIMITS, backend=name, canary=False) for name in BACKENDS}
    process = ProcessFaults(target, limits=_LIMITS)

    def arm(order: Order) -> _Act:
        instance, backend, fields = order
        if backend not in engines:
            return lambda: _by_process(process, instance, dict(fields))
        fault = Fault(**fields)
        armed = engines[backend].arm(fault, instance)
        return lambda: _by_engine(engines[backend], armed)

    work: list[Order] = [(instance, backend, fields) for instance, backend, fields in json.loads(orders)]
    with ThreadPoolExecutor(len(work)) as all_at_once:
        acts = list(all_at_once.map(arm, work))
        _say("armed")
        sys.stdin.readline()
        done = list(all_at_once.map(lambda act: act(), acts))
    for (instance, _, _), (applied_at, expires_at, _) in zip(work, done, strict=True):
        _say([instance, applied_at, expires_at])
    for _, _, wait in done:
        wait()
    _say("closed")
    sys.stdin.readline()


def _by_engine(engine: FaultEngine, armed: ArmedFault) -> tuple[float, float, Callable[[], object]]:
    receipt = armed.apply()
    assert receipt.applied_at is not None and receipt.expires_at is not None
    return receipt.applied_at, receipt.expires_at, lambda: engine.wait_until_ended(receipt)


def _by_process(
    process: ProcessFaults, instance: str, fields: dict[str, Any]
) -> tuple[float, float, Callable[[], object]]:
    pause = fields.pop("kind") == "pause"
    record = process.pause(instance, **fields) if pause else process.stress(instance, **fields)
    assert record.applied_at is not None and record.expires_at is not None
    return record.applied_at, record.expires_at, process.wait_until_ended


def _say(what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
