"""A system to try faults on, from Python: up for a `with` block, and gone after it, whatever becomes of the process.

    from chaosproof import Lab

    with Lab.up("system.yaml", mode="resilient") as lab:
        load = lab.load("http://shop:8000/buy", rate_rps=100, duration_s=8)
        load.wait_until(2)
        with lab.fault("reset", "shop-0", port=7000, duration_s=3):
            pass
        load.finish()
        users = {"id": "USERS", "claim": "few notice", "figure": "load.error_ratio", "at_most": 0.01}
        verdict = lab.verdict(users)
    assert verdict.status == "pass", verdict

A load runs beside the services; what a test does itself it does by `lab.target.run`, or by `lab.endpoints`.
"""

import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from chaosproof.errors import UsageError
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.kinds import KINDS
from chaosproof.faults.limits import Limits
from chaosproof.faults.model import Fault
from chaosproof.judge.fault_rules.fault_proof import unproven
from chaosproof.runfolder.faults import FaultLedger, FaultRecord
from chaosproof.runfolder.load import LoadPlan
from chaosproof.runfolder.readiness import ReadinessRow
from chaosproof.runner.load.job import start_load
from chaosproof.runner.settings import DEFAULT_CEILING_S
from chaosproof.targets import Target
from chaosproof.targets.base import Running
from chaosproof.targets.registry import DEFAULT_TARGET, launcher_of
from chaosproof.targets.system.system_file import load_system
from chaosproof.testing.active_fault import ActiveFault, FaultNotProven
from chaosproof.testing.activities import ActivityLog
from chaosproof.testing.lab_verdict import LabVerdict, judge_lab
from chaosproof.testing.measured_load import MeasuredLoad

__all__ = ["Lab", "launched"]


@contextmanager
def launched(
    system: str | Path,
    *,
    mode: str | None = None,
    scenario: str | None = None,
    events_file: Path,
) -> Iterator[Running]:
    """The system of a system file, up in namespaces of its own, with the overlays of `mode` and `scenario`.

    `events_file` gets what happens to its instances. The kernel ends it with the calling thread, too. Raises
    `UsageError` for a system that cannot run here, `TargetError` when it does not get ready.
    """
    definition = load_system(Path(system), mode, scenario)
    name = f"{definition.name}-test-{secrets.token_hex(3)}"
    running = launcher_of(DEFAULT_TARGET).launch(definition, {}, name=name, events_file=events_file)
    try:
        yield running
    finally:
        running.take_down()


class Lab:
    """A running system, and the folder that what is done to it is recorded in. One lab has one load, and one verdict.

    `target` is the system as actions see it (`lab.target.run("shop-0", ["env"])`), `endpoints` are the URLs by which
    this machine reaches its services.
    """

    def __init__(
        self, running: Running, folder: Path, events_file: Path, limits: Limits | None = None
    ) -> None:
        """A lab over a system that is up: `folder` is to be empty, `events_file` is where its launcher writes."""
        self.target: Target = running.target
        self.endpoints: Mapping[str, str] = running.endpoints
        self.folder = folder
        self._running = running
        self._events_file = events_file
        self._log = ActivityLog()
        self._load: MeasuredLoad | None = None
        self._began_at = time.time()
        self._engine = FaultEngine(
            running.target,
            FaultLedger(folder / FaultRecord.FILE),
            limits or Limits(ceiling_s=DEFAULT_CEILING_S),
        )

    @classmethod
    @contextmanager
    def up(
        cls,
        system: str | Path,
        *,
        mode: str | None = None,
        scenario: str | None = None,
        folder: str | Path | None = None,
    ) -> Iterator[Self]:
        """Bring a system up for the block. `folder` keeps the record of it; a temporary one when None.

        Raises as `launched`.
        """
        with tempfile.TemporaryDirectory(prefix="chaosproof-lab-") as scratch:
            kept = Path(folder or scratch)
            kept.mkdir(parents=True, exist_ok=True)
            if any(kept.iterdir()):
                raise UsageError(f"The folder of a lab is to be empty, and {kept} is not: name another.")
            events = kept / ReadinessRow.FILE
            with launched(system, mode=mode, scenario=scenario, events_file=events) as running:
                lab = cls(running, kept, events)
                try:
                    yield lab
                finally:
                    lab.end()

    @contextmanager
    def fault(
        self, kind: str, instance: str, *, duration_s: float, **selection: Any
    ) -> Iterator[ActiveFault]:
        """A fault on one instance, on from the begin of the block; the block is left when it has ended.

        `selection` is what the kind takes, as in `chaosproof.actions.network`: `port`, `peer`, `direction`, ... The
        kernel ends it after `duration_s` seconds; what the block raises ends it at once. Raises `FaultNotProven` (an
        AssertionError) when nothing shows that it acted: a test that passes under no fault shows nothing.
        """
        declared = KINDS.get(kind)
        usual = {"protocol": declared.protocols[0], "direction": declared.directions[0]} if declared else {}
        fault = Fault(kind=kind, duration_s=duration_s, **{**usual, **selection})
        arguments = {"instance": instance, "duration_s": duration_s, **selection}
        with self._log.activity("chaosproof.actions.network", kind, arguments) as entry:
            receipt = self._engine.apply(fault, instance)
            entry.output = receipt.to_json()
        active = ActiveFault(self._engine, receipt)
        try:
            yield active
        except BaseException:
            active.end()
            raise
        with self._log.activity("chaosproof.actions.network", "wait_until_ended", {}) as entry:
            final = self._engine.wait_until_ended(receipt)
            entry.output = [final.to_json()]
        if reasons := list(unproven(final)):
            raise FaultNotProven("; ".join(reasons))

    def load(
        self, url: str, *, rate_rps: float = 100, duration_s: float = 10, connections: int = 10, **plan: Any
    ) -> MeasuredLoad:
        """Send load beside the services, where they are reached by their names; returns once it sends.

        `plan` is any other field of a load plan: `method`, `headers`, `body`, `timeout_s`, `model`, ... Raises
        `UsageError` for a wrong one.
        """
        if self._load is not None:
            raise UsageError("A lab has one load, which its verdict is about: take another lab for the next.")
        fields = {
            "url": url,
            "rate_rps": rate_rps,
            "duration_s": duration_s,
            "connections": connections,
            **plan,
        }
        with self._log.activity("chaosproof.actions.load", "start", fields) as entry:
            entry.output = start_load(self.target, self.folder, {"name": "measured", **fields})
        self._load = MeasuredLoad(self.target, self.folder, self._log)
        return self._load

    def verdict(self, *claims: Mapping[str, Any], no_fault: bool = False) -> LabVerdict:
        """What was shown: of the load and of every fault that it is what it says, and of each claim whether it holds.

        A claim is one of `checks` of an experiment: `id`, `claim`, `figure` and a bound (`at_most`, `at_least`,
        `equals`, `between`). Without any, and without a fault unless `no_fault` says that none is meant, nothing is
        shown: `unknown`. Ends what is still on. Raises `UsageError` for a claim that is malformed.
        """
        self.end()
        return judge_lab(
            self.folder,
            self._running,
            self._log.entries,
            claims,
            self._events_file,
            began_at=self._began_at,
            no_fault=no_fault,
        )

    def end(self) -> None:
        """End every fault, and the load if it is still on. Harmless when there is nothing to end."""
        if any(not receipt.ended for receipt in self._engine.receipts()):
            self._engine.heal()
        if self._load is not None and (self.folder / LoadPlan.FILE).exists():
            self._load.stop()
