"""The fault engine of a made-up run: the product's own checks and records, and the world in place of a kernel."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chaosproof.faults.errors import FaultError
from chaosproof.faults.limits import Limits, check_fault, check_spread
from chaosproof.faults.model import Fault
from chaosproof.faults.process import ProcessFaults
from chaosproof.runfolder.faults import Canary, Expectation, FaultLedger, FaultRecord
from tests.random_experiments.traffic import FRONT_PORT, Stood
from tests.random_experiments.world import World

__all__ = ["MadeUpEngine", "MadeUpProcesses"]

_PACKETS_EACH = 4
_SHORT, _LONG_S = 0.3, 3.0


class MadeUpEngine:
    """What `chaosproof.actions.network` asks of `chaosproof.faults.engine.FaultEngine`."""

    def __init__(
        self,
        target: World,
        ledger: FaultLedger,
        limits: Limits,
        *,
        backend: str | None = None,
        foreign: object = None,
    ) -> None:
        self._world, self._ledger, self._limits = target, ledger, limits
        self._ids = (f"n{number}" for number in itertools.count())
        self._on: dict[str, tuple[FaultRecord, Stood, float]] = {}
        self._records: dict[str, FaultRecord] = {}
        target.watchers.append(self._look)

    def prepare(self, instance: str) -> None:
        """There is nothing static."""

    def arm(self, fault: Fault, instance: str) -> "_Armed":
        check_fault(fault, self._limits)
        service = self._world.instance(instance).service
        everyone = [member.name for member in self._world.instances(service)]
        hit = [stood.instance for _, stood, _ in self._on.values()]
        check_spread(service, instance, [name for name in hit if name in everyone], everyone, self._limits)
        return _Armed(self, fault, instance)

    def apply(self, fault: Fault, instance: str, *, note: str = "") -> FaultRecord:
        return self.arm(fault, instance).apply(note=note)

    def partition(self, a: str, b: str, duration_s: float) -> list[FaultRecord]:
        sides = [
            (
                Fault(kind="drop", protocol="any", peer=peer, direction="ingress", duration_s=duration_s),
                m.name,
            )
            for service, peer in ((a, b), (b, a))
            for m in self._world.instances(service)
        ]
        armed = [self.arm(fault, name) for fault, name in sides]
        return [one.apply(note=f"partition of {a} and {b}") for one in armed]

    def switch_on(self, fault: Fault, instance: str, note: str) -> FaultRecord:
        world, now = self._world, self._world.clock.now
        expects = fault.declared.expects(fault.selector, fault.direction)
        stood = Stood(
            fault.kind,
            instance,
            fault.duration_s,
            now,
            direction=fault.direction,
            selector=dict(fault.selector),
            partition=bool(note),
        )
        if world.nature.mishap == "blind":
            stood.selector["port"] = 1
        world.faults.append(stood)
        mishap = world.nature.mishap
        lasts_s = fault.duration_s * (_SHORT if mishap == "short" else 1) + _LONG_S * (mishap == "long")
        proved = expects.canary is not None
        record = FaultRecord(
            id=next(self._ids),
            kind=fault.kind,
            instance=instance,
            backend="nft",
            fidelity="kernel: the deadline is the kernel's",
            selector=fault.selector,
            direction=fault.direction,
            magnitude=fault.magnitude,
            planned_s=fault.duration_s,
            planned_at=now,
            applied_at=now,
            expires_at=now + fault.duration_s,
            packets=0,
            canary=Canary(before="open") if proved else Canary(),
            apply_ms=1.0,
            note=note,
            expects=expects,
            spoke_with=world.spoke_with(instance),
        )
        self._on[record.id] = (record, stood, now + lasts_s)
        return self._write(record)

    def receipts(self) -> tuple[FaultRecord, ...]:
        return tuple(self._records.values())

    def wait_until_ended(self, receipt: FaultRecord) -> FaultRecord:
        if receipt.id in self._on:
            self._world.clock.advance_to(self._on[receipt.id][2])
        final = self._records[receipt.id]
        if not final.ended:
            raise FaultError("its end was never observed")
        return final

    def heal(self, instance: str | None = None) -> list[FaultRecord]:
        now = self._world.clock.now
        ids = [id for id, (_, stood, _) in self._on.items() if instance in (None, stood.instance)]
        return [self._close(id, now, by="heal", healed=True) for id in ids]

    def _look(self, now: float) -> None:
        for id, (_, _, until) in list(self._on.items()):
            if until <= now:
                early = self._world.nature.mishap == "short"
                self._close(id, now, by="heal" if early else "kernel", healed=early)

    def _close(self, id: str, at: float, *, by: str, healed: bool) -> FaultRecord:
        record, stood, _ = self._on.pop(id)
        stood.off_at = at
        canary = record.canary
        if record.expects is not None and record.expects.canary is not None:
            blind = self._world.nature.mishap == "blind"
            during = "open" if blind or not self._answers(record) else record.expects.canary.during[0]
            canary = replace(canary, during=during, after="open")
        packets = _PACKETS_EACH * (stood.met + stood.checks)
        return self._write(
            record.replace(
                ended_at=at,
                ended_by=by,
                healed=healed,
                packets=packets,
                affected=packets if record.expects and _is_counted(record.expects) else None,
                canary=canary,
                spoke_with=self._world.spoke_with(stood.instance),
            )
        )

    def _answers(self, record: FaultRecord) -> bool:
        """Whether the canary goes to a port that somebody listens on."""
        return record.selector.get("port") in (FRONT_PORT, 9000)

    def _write(self, record: FaultRecord) -> FaultRecord:
        self._records[record.id] = record
        self._ledger.write(record)
        return record


def _is_counted(expects: Expectation) -> bool:
    """Whether the kernel counts what the fault does to packets: here each that meets it."""
    return bool(expects.effect) and not expects.chance


class _Armed:
    def __init__(self, engine: MadeUpEngine, fault: Fault, instance: str) -> None:
        self._engine, self._fault, self._instance = engine, fault, instance

    def apply(self, *, note: str = "") -> FaultRecord:
        return self._engine.switch_on(self._fault, self._instance, note)


class MadeUpProcesses(ProcessFaults):
    """The product's own, which looks for the end of a fault when the clock goes on, not in a thread."""

    def __init__(self, target: World, ledger: FaultLedger, limits: Limits, *, foreign: object = None) -> None:
        super().__init__(target, ledger, limits, clock=target.clock.time)
        self._world = target
        self._awaited: list[tuple[FaultRecord, Callable[[], bool], Stood]] = []
        target.watchers.append(self._look)

    def wait_until_ended(self) -> None:
        while self._awaited:
            self._world.clock.sleep(0.05)

    def _planned(self, kind: str, instance: str, planned_s: float | None) -> FaultRecord:
        planned = super()._planned(kind, instance, planned_s)
        return planned.replace(spoke_with=self._world.spoke_with(instance))

    def _do(self, record: FaultRecord, act: Callable[[], Any]) -> FaultRecord:
        stood = Stood(record.kind, record.instance, record.planned_s, self._world.clock.now)
        done = super()._do(record, act)
        # one that is over in a moment: what it leaves behind lasts, and is no part of it
        stood.off_at = None if record.planned_s is not None else self._world.clock.now
        self._world.faults.append(stood)
        return done

    def _follow(self, record: FaultRecord, has_ended: Callable[[], bool]) -> None:
        self._awaited.append((record, has_ended, self._world.faults[-1]))

    def _look(self, now: float) -> None:
        for entry in list(self._awaited):
            record, has_ended, stood = entry
            if has_ended():
                self._awaited.remove(entry)
                stood.off_at = now
                early = now < (record.expires_at or 0.0) - 0.15
                ended_by = "heal" if early else "watchdog"
                self._write(record.replace(ended_at=now, ended_by=ended_by, healed=early))
