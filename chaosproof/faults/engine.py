"""The fault engine: puts a fault on an instance, watches it end, heals it early, and keeps the proof.

    engine = FaultEngine(target, ledger=FaultLedger(path))
    armed = engine.arm(fault, "shop-0")       ahead of time: checks, preparation, canary before
    receipt = armed.apply()                    one command, a few milliseconds
    receipt = engine.wait_until_ended(receipt)
    engine.heal()                              harmless when nothing is on

A fault's end never depends on this process. What happens here after `apply` (ending idle connections,
the canary, the observer) runs in a thread of its own and only finds out and writes down.
"""

import logging
import secrets
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from chaosproof.errors import ChaosproofError
from chaosproof.faults.apply_runner import Ending, Standby, apply_run, begin
from chaosproof.faults.backends import choose_backend, make_backends, noticed, refusal_where_noticed
from chaosproof.faults.backends.base import (
    Backend,
    Capabilities,
    CommandRunner,
    ObservedEnd,
    ResolvedFault,
)
from chaosproof.faults.backends.heal import active, heal
from chaosproof.faults.backends.socket_kill import Killed, killed
from chaosproof.faults.canary import canary_address, canary_argv, read_canary
from chaosproof.faults.conflicts import conflicts
from chaosproof.faults.doctor import ABILITIES, capabilities
from chaosproof.faults.errors import CapabilityError, FaultCutShort, FaultError, FaultRefused
from chaosproof.faults.far_end import FarEnd
from chaosproof.faults.foreign import ForeignWatch
from chaosproof.faults.limits import Limits, check_fault, check_spread
from chaosproof.faults.model import Fault
from chaosproof.faults.peers import spoke_with, with_later
from chaosproof.faults.receipts.closing import closed, closed_by_heal, met_another, packets_hit, still_on_at
from chaosproof.faults.receipts.store import ReceiptStore
from chaosproof.faults.selector import resolve_peer
from chaosproof.runfolder.faults import Canary, FaultLedger, FaultRecord
from chaosproof.targets.base import CommandResult, PendingCommand, SupportsDeferred, Target

__all__ = ["Active", "ArmedFault", "FaultEngine"]

_log = logging.getLogger(__name__)

_OBSERVERS_MAX = 10


@dataclass(frozen=True)
class Active:
    """A fault that is on an instance now; `left_s` is `None` where a watchdog, not the kernel, ends it."""

    id: str
    instance: str
    left_s: float | None


@dataclass(frozen=True)
class ArmedFault:
    """A fault for which all is done that takes time: `apply` is one command.

    `everyone` are all instances of its `service`; `address` is where the canary goes, and `before` what it met there;
    `counted` what its chain had counted by then; `pending` its command, where that has begun already; `spoke_with` whom
    its instance had spoken with. `ending` ends the connections that it finds open, whose other ends are `far_end`;
    `None` where it does not. `standby` is what was put up for it.
    """

    engine: "FaultEngine"
    at: float
    resolved: ResolvedFault
    service: str
    everyone: tuple[str, ...]
    backend: Backend
    address: tuple[str, int] | None
    before: str
    counted: int
    pending: PendingCommand | None
    spoke_with: Mapping[str, float] | None = None
    ending: Ending | None = None
    far_end: FarEnd | None = None
    standby: Standby | None = None

    def apply(self, *, note: str = "", planned_at: float | None = None) -> FaultRecord:
        """Switch the fault on and return its receipt; it ends by itself after `fault.duration_s`.

        Raises `FaultRefused` when it may not be on, `FaultError` when the kernel did not take it. `note` is for the
        receipt; `planned_at` (Unix seconds) is now unless it is given.
        """
        return self.engine.switch_on(self, note, planned_at)


class FaultEngine:
    """Faults on the instances of one target. Thread-safe where the target's `run` is.

    `limits` is what may be done; `backend` forces one (`nft`, `iptables`, `tc`, `nfqueue`), else the best is taken;
    `clock` gives Unix seconds; `new_id` a fresh fault id; without `ledger` nothing is written; `foreign` looks for
    what others have set around each fault.
    """

    def __init__(
        self,
        target: Target,
        ledger: FaultLedger | None = None,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
        *,
        backend: str | None = None,
        canary: bool = True,
        new_id: Callable[[], str] = lambda: secrets.token_hex(4),
        foreign: ForeignWatch | None = None,
    ) -> None:
        self._target = target
        self._limits = limits or Limits()
        self._clock = clock
        self._forced = backend
        self._canary = canary
        self._new_id = new_id
        self._foreign = foreign
        self._store = ReceiptStore(ledger)
        self._lock = threading.Lock()
        self._applied: dict[str, ArmedFault] = {}
        self._closed: dict[str, threading.Event] = {}
        self._prepared: set[tuple[str, str]] = set()
        self._tried: dict[str, dict[str, str]] = {}
        # those that somebody still holds
        self._armed: weakref.WeakValueDictionary[str, ArmedFault] = weakref.WeakValueDictionary()
        self._backends = make_backends()

    def prepare(self, instance: str) -> None:
        """Put what is static on the instance, for the forced backend or for nft.

        Doing it again changes nothing. Raises `FaultError` with what the kernel said.
        """
        self._prepare(instance, self._backends[self._forced or "nft"])

    def arm(self, fault: Fault, instance: str) -> ArmedFault:
        """Do all that a fault needs before its moment.

        Checks limits and overlaps, resolves the peer, prepares the instance and tries the canary.
        Raises `FaultRefused` with the reason, `FaultError` or `TargetError`; nothing is on by then.
        """
        check_fault(fault, self._limits)
        service = self._target.instance(instance).service
        everyone = tuple(member.name for member in self._target.instances(service))
        check_spread(service, instance, self._hit(everyone), everyone, self._limits)
        networks = resolve_peer(fault.peer, self._target)
        resolved = ResolvedFault(self._new_id(), fault, networks, instance=instance)
        self._refuse_conflict(resolved)
        if self._foreign:
            self._foreign.own(resolved.id)
        backend = self._choose(fault, instance)
        resolved, run = self._placed(resolved, backend), self._run(instance)
        self._prepare(instance, backend)
        address = canary_address(fault, instance, self._target) if self._canary else None
        peers = self._spoke_with(instance, fault)
        before, counted = self._try(resolved, address), backend.count(run, resolved)
        ends_open = fault.direction in fault.declared.ends_open
        far_end = FarEnd.of(self._target, resolved) if self._canary and ends_open else None
        standby = Standby.of(self._target, backend, resolved)
        resolved = replace(resolved, stands_by=standby is not None)
        pending = begin(self._target, instance, backend.argv(resolved))
        ending = Ending(self._target, resolved) if ends_open else None
        armed = ArmedFault(
            self,
            self._clock(),
            resolved,
            service,
            everyone,
            backend,
            address,
            before,
            counted,
            pending,
            peers,
            ending,
            far_end,
            standby,
        )
        self._armed[resolved.id] = armed
        return armed

    def apply(self, fault: Fault, instance: str, *, note: str = "") -> FaultRecord:
        """Arm the fault and switch it on at once, which takes the canary's connection and a few commands.

        Raises as `arm` and `ArmedFault.apply` do.
        """
        planned_at = self._clock()
        return self.arm(fault, instance).apply(note=note, planned_at=planned_at)

    def switch_on(self, armed: ArmedFault, note: str, planned_at: float | None) -> FaultRecord:
        """What `ArmedFault.apply` does."""
        planned_at = self._clock() if planned_at is None else planned_at
        resolved, backend = armed.resolved, armed.backend
        fault, instance = resolved.fault, resolved.instance
        # again: what is on may be more than when it was armed
        check_spread(armed.service, instance, self._hit(armed.everyone), armed.everyone, self._limits)
        self._refuse_conflict(resolved)
        receipt = FaultRecord(
            id=resolved.id,
            kind=fault.kind,
            instance=instance,
            backend=backend.name,
            fidelity=backend.fidelity(resolved, kept=isinstance(self._target, SupportsDeferred)),
            selector=fault.selector,
            direction=fault.direction,
            magnitude={**fault.magnitude, **fault.chosen},
            planned_s=fault.duration_s,
            planned_at=planned_at,
            packets=0,
            canary=Canary(before=armed.before),
            note=note,
            expects=fault.declared.expects(fault.selector, fault.direction),
            spoke_with=armed.spoke_with,
        )
        called_at = self._clock()
        try:
            run = apply_run(self._target, instance, backend, resolved, armed.pending, armed.ending)
            backend.apply(run, resolved)
        except ChaosproofError as error:
            if armed.standby:
                armed.standby.give_up()
            self._store.keep(receipt.replace(error=str(error)))
            raise
        applied_at = self._clock()
        receipt = receipt.replace(
            applied_at=applied_at,
            expires_at=applied_at + fault.duration_s,
            apply_ms=round((applied_at - called_at) * 1000, 3),
        )
        thread = threading.Thread(
            target=self._accompany, args=(receipt.id, armed), name=f"fault-{resolved.id}", daemon=True
        )
        with self._lock:
            self._applied[resolved.id] = armed
            self._closed[resolved.id] = threading.Event()
        try:
            self._store.keep(receipt)
        finally:
            # also where it could not be written down: the fault is on, and someone must see it end
            thread.start()
        return receipt

    def partition(self, a: str, b: str, duration_s: float) -> list[FaultRecord]:
        """Cut services `a` and `b` off from each other, both ways, on every instance of both.

        Each side drops what comes in from the other, of every protocol: no sender is told. Where only one
        side ever begins to speak, only the other has anything to drop; the receipts of one partition share
        their note, and it hit when one of them has packets. `Limits.allow_all` must permit it. Raises as
        `apply` does, and then nothing stays on.
        """
        sides = [
            (
                Fault(kind="drop", protocol="any", peer=peer, direction="ingress", duration_s=duration_s),
                member.name,
            )
            for service, peer in ((a, b), (b, a))
            for member in self._target.instances(service)
        ]
        receipts: list[FaultRecord] = []
        try:
            for armed in [self.arm(fault, instance) for fault, instance in sides]:
                receipts.append(armed.apply(note=f"partition of {a} and {b}"))
        except ChaosproofError:
            for receipt in receipts:
                self.heal(receipt.instance)
            raise
        return receipts

    def receipt(self, fault_id: str) -> FaultRecord:
        """The newest state of a fault. Raises `FaultError` for an id that this engine does not know."""
        return self._store.get(fault_id)

    def receipts(self) -> tuple[FaultRecord, ...]:
        """The newest state of every fault, oldest first."""
        return self._store.all()

    def wait_for_open_connections(self) -> None:
        """Return when the connections that the faults so far found open have been ended, or could not be.

        A fault is on a moment before that; who counts connections under it waits for this.
        """
        with self._lock:
            endings = [armed.ending for armed in self._applied.values()]
        for ending in endings:
            if ending:
                ending.wait()

    def wait_until_ended(self, receipt: FaultRecord) -> FaultRecord:
        """Wait for the fault's end and return its final receipt, with packets, end and canary.

        Raises `FaultError` when its end could not be observed; the receipt then says so too.
        """
        with self._lock:
            closed = self._closed.get(receipt.id)
        if closed is not None:
            closed.wait()
        final = self.receipt(receipt.id)
        if not final.ended:
            raise FaultError(
                final.error or f"the end of fault {final.id} on {final.instance} was never observed"
            )
        return final

    def heal(self, instance: str | None = None) -> list[FaultRecord]:
        """End every fault on the instance, or on all of them, now; return the faults that this ended.

        Harmless when there is none: the list is then empty. Every instance is tried, also after one failed;
        then raises `FaultError`.
        """
        names = [instance] if instance else [member.name for member in self._target.instances()]
        healed: list[FaultRecord] = []
        failures: list[str] = []
        for name in names:
            try:
                healed += self._heal(name)
            except ChaosproofError as error:
                failures.append(f"{name}: {error}")
        if failures:
            raise FaultError("not everything is healed: " + "; ".join(failures))
        if not healed:
            _log.info("no fault was on %s: nothing to heal", instance or "any instance")
        return healed

    def active(self, instance: str) -> tuple[Active, ...]:
        """The faults that are on the instance now, whoever put them there, as the kernel has them."""
        left = active(self._run(instance))
        return tuple(Active(fault_id, instance, left_s) for fault_id, left_s in left.items())

    def capabilities(self, instance: str) -> Capabilities:
        """What faults are possible on the instance, tried once per engine in a throw-away namespace."""
        return self._abilities(instance, tuple(ABILITIES))

    def release(self, instance: str) -> None:
        """Take back what `prepare` put there; faults that are on end with it."""
        self.heal(instance)
        for backend in self._backends.values():
            if (instance, backend.name) in self._prepared:
                backend.release(self._run(instance))
                self._prepared.discard((instance, backend.name))

    def _accompany(self, fault_id: str, armed: ArmedFault) -> None:
        """What a fault's own thread does: follow it to its end, then look that nothing is left of it."""
        fault, instance = armed.resolved.fault, armed.resolved.instance
        if armed.ending:
            # before all else: until then its packets are held
            armed.ending.finish()
        if armed.standby:
            self._keep_up(fault_id, armed.standby)
        if self._foreign:
            self._foreign.look_aside(instance, f"as {fault.kind} on {instance} went on")
        try:
            self._follow(fault_id, armed)
        except ChaosproofError as error:
            _log.error("%s", error)
        finally:
            self._closed[fault_id].set()
        if self._foreign:
            self._foreign.look_aside(instance, f"as {fault.kind} on {instance} had ended")
        with suppress(ChaosproofError):
            armed.backend.tidy(self._run(self._store.get(fault_id).instance), armed.resolved)

    def _keep_up(self, fault_id: str, standby: Standby) -> None:
        """Tell what was put up for the fault that it is on."""
        try:
            note = standby.go_on()
        except ChaosproofError as error:
            message = str(error)
            self._store.change(fault_id, lambda r: r.replace(error=message))
            return
        if note:
            self._store.change(fault_id, lambda r: r.replace(note="; ".join(filter(None, [r.note, note]))))

    def _follow(self, fault_id: str, armed: ArmedFault) -> None:
        """Close the fault's receipt with all that is to be seen of it."""
        receipt = self._store.get(fault_id)
        run = self._run(receipt.instance)
        of_open = killed(run, armed.resolved, armed.ending.finish()) if armed.ending else Killed(0, False, "")
        during = self._try(armed.resolved, armed.address)
        if during not in armed.resolved.fault.declared.canary and self._clock() > (receipt.expires_at or 0.0):
            during = "none"  # it came too late to meet the fault
        peer = armed.far_end.look(receipt.applied_at or 0.0) if armed.far_end else None
        note = "; ".join(filter(None, [receipt.note, of_open.note]))
        if peer == "none" and of_open.left_alone:
            peer = "unknown"
        receipt = self._store.change(
            fault_id, lambda r: r.replace(note=note, canary=replace(r.canary, during=during, peer=peer))
        )
        called_at = self._clock()
        try:
            end = self._see_the_end(run, armed, receipt.expires_at or 0.0)
        except ChaosproofError as error:
            message = str(error)
            self._store.change(fault_id, lambda r: r if r.ended else r.replace(error=message))
            return
        seen_at = self._clock()
        # the instance's own instant, where its clock agrees with ours; else that of its answer
        at = end.at if end.at is not None and called_at <= end.at <= seen_at else seen_at
        after = self._try(armed.resolved, armed.address)
        alone = not met_another(receipt, armed.at, self._store.all())
        # the RST of one that is ended goes by where the fault's own counter may not be
        packets = max(of_open.ended, packets_hit(receipt, end, armed.counted, alone=alone))
        peers = with_later(armed.spoke_with, self._spoke_with(receipt.instance, armed.resolved.fault))
        self._store.change(
            fault_id,
            lambda r: closed(r, at, packets, after, cleaned=end.cleaned, note=end.note).replace(
                spoke_with=peers, on_at=still_on_at(r, end, at), affected=end.affected
            ),
        )

    def _see_the_end(self, run: CommandRunner, armed: ArmedFault, expires_at: float) -> ObservedEnd:
        """Watch until the fault has ended; where an observer was killed, another one goes on."""
        for left in reversed(range(_OBSERVERS_MAX)):
            try:
                return armed.backend.watch(run, armed.resolved, max(0.0, expires_at - self._clock()))
            except FaultCutShort:
                raise
            except FaultError:
                if not left:
                    raise
        raise AssertionError("unreachable")

    def _heal(self, instance: str) -> list[FaultRecord]:
        with self._lock:
            on = [armed for armed in self._applied.values() if armed.resolved.instance == instance]
        for armed in on:
            if armed.standby:
                armed.standby.wait()
        open_before = [r.id for r in self._store.all() if r.instance == instance and not r.ended]
        packets = heal(self._run(instance))
        if self._foreign:
            self._foreign.healed(instance, packets)
        for backend in self._backends.values():
            backend.forget(instance)
        at = self._clock()
        return [
            self._store.change(fault_id, lambda r: closed_by_heal(r, at, packets[r.id]))
            for fault_id in open_before
            if fault_id in packets
        ]

    def _spoke_with(self, instance: str, fault: Fault) -> Mapping[str, float] | None:
        """Whom it spoke with, where there is a ledger to tell it to."""
        if not self._store.saves:
            return None
        return spoke_with(self._target, instance, self._clock, served_port=fault.served_port)

    def _choose(self, fault: Fault, instance: str) -> Backend:
        """The backend for the fault; prepared when nft can do it, which is tried first and by doing."""
        nft = self._backends["nft"]
        known: Mapping[str, str] = {}
        if fault.layer == "cut" and self._forced in (None, "nft"):
            try:
                self._prepare(instance, nft)
                if self._forced or not noticed(self._abilities(instance, nft.wants(fault)), nft, fault):
                    return nft
                known = {"nft": ""}
            except FaultError:
                if self._forced:
                    raise
        capabilities = Capabilities({**self.capabilities(instance).missing, **known})
        return self._backends[choose_backend(capabilities, fault, self._forced)]

    def _placed(self, resolved: ResolvedFault, backend: Backend) -> ResolvedFault:
        """The fault with what it needs on its instance. Raises `CapabilityError` where its sender's calls fail."""
        fault, instance = resolved.fault, resolved.instance
        why = noticed(self._abilities(instance, backend.wants(fault)), backend, fault)
        taken = [
            armed.resolved.shape_class for armed in self._armed.values() if self._may_be_on(armed, instance)
        ]
        resolved = backend.place(self._run(instance), replace(resolved, noticed=why), taken)
        if resolved.noticed and (refusal := refusal_where_noticed(fault, resolved.noticed)):
            raise CapabilityError(refusal)
        return resolved

    def _may_be_on(self, armed: ArmedFault, instance: str) -> bool:
        """Whether it is or may yet be put on the instance: armed, and not known to have ended."""
        resolved = armed.resolved
        with self._lock:
            closed = self._closed.get(resolved.id)
        return resolved.instance == instance and not (closed and closed.is_set())

    def _abilities(self, instance: str, needed: Sequence[str]) -> Capabilities:
        """Of the abilities those that are `needed`, which takes less time than to try all."""
        with self._lock:
            known = self._tried.get(instance, {})
        if untried := [ability for ability in needed if ability not in known]:
            known = {**known, **capabilities(self._run(instance), untried).missing}
            with self._lock:
                self._tried[instance] = known
        return Capabilities(known)

    def _prepare(self, instance: str, backend: Backend) -> None:
        with self._lock:
            if (instance, backend.name) in self._prepared:
                return
        backend.prepare(self._run(instance))
        with self._lock:
            self._prepared.add((instance, backend.name))

    def _refuse_conflict(self, resolved: ResolvedFault) -> None:
        now, instance = self._clock(), resolved.instance
        for receipt in self._store.on(now):
            armed = self._applied.get(receipt.id)
            if receipt.instance != instance or armed is None:
                continue
            other = armed.resolved
            if conflicts(resolved.fault, resolved.networks, other.fault, other.networks):
                raise FaultRefused(
                    f"{resolved.fault} on {instance} would meet {other.fault}, which is on until it ends in "
                    f"{(receipt.expires_at or now) - now:.1f} s: wait for it or heal it first"
                )

    def _hit(self, names: Sequence[str]) -> list[str]:
        return [receipt.instance for receipt in self._store.on(self._clock()) if receipt.instance in names]

    def _try(self, resolved: ResolvedFault, address: tuple[str, int] | None) -> str:
        """The canary's answer from the fault's instance; `none` where it has no address to go to."""
        if address is None:
            return "none"
        argv = canary_argv(address, resolved.fault.declared.canary_data)
        # once more where it could not be asked: a connection to a cluster may break
        for _ in range(2):
            with suppress(ChaosproofError):
                answer = read_canary(self._target.run(resolved.instance, argv, timeout_s=5.0))
                if answer != "none":
                    return answer
        return "none"

    def _run(self, instance: str) -> CommandRunner:
        def run(argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0) -> CommandResult:
            return self._target.run(instance, argv, stdin=stdin, timeout_s=timeout_s)

        return run
