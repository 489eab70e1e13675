"""Faults on the process of an instance: killed, terminated, restarted, paused, starved.

    ProcessFaults(target, ledger).pause("stock-0", duration_s=5)

A pause ends itself: the target lets the process go on at the deadline, whether or not whoever asked is still alive.
Stress ends itself too: stress-ng runs with a timeout of its own. What was killed stays dead until it is restarted.
"""

import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.faults.errors import CapabilityError, FaultError, FaultRefused
from chaosproof.faults.foreign import ForeignWatch
from chaosproof.faults.kinds import PROCESS_KINDS
from chaosproof.faults.limits import Limits, check_spread
from chaosproof.faults.peers import spoke_with
from chaosproof.runfolder.faults import FaultLedger, FaultRecord
from chaosproof.targets.base import Target
from chaosproof.targets.host_packages import how_to_install, manager_of_host

__all__ = ["ProcessFaults"]

_POLL_S = 0.01
_LATE_S = 5.0


class ProcessFaults:
    """Process faults on the instances of one target. Every fault becomes a record of the ledger, when there is one.

    Every method returns the record, raises `TargetError` for an unknown or dead instance and `FaultRefused` for what
    the limits do not allow.
    """

    def __init__(
        self,
        target: Target,
        ledger: FaultLedger | None = None,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: secrets.token_hex(4),
        foreign: ForeignWatch | None = None,
    ) -> None:
        self._target = target
        self._ledger = ledger
        self._limits = limits or Limits()
        self._clock = clock
        self._new_id = new_id
        self._foreign = foreign
        self._followers: list[threading.Thread] = []

    def kill(self, instance: str) -> FaultRecord:
        """End the instance with SIGKILL."""
        return self._at_once("kill", instance, self._target.kill)

    def terminate(self, instance: str) -> FaultRecord:
        """End the instance with SIGTERM."""
        return self._at_once("terminate", instance, self._target.terminate)

    def restart(self, instance: str) -> FaultRecord:
        """Stop the instance and start it again; returns when it is ready, with how long that took."""
        return self._at_once("restart", instance, self._target.restart)

    def pause(self, instance: str, duration_s: float) -> FaultRecord:
        """Stop the instance with SIGSTOP for `duration_s`; returns at once."""
        self._check(instance, duration_s)
        record = self._planned("pause", instance, duration_s)
        record = self._do(record, lambda: self._target.pause(instance, duration_s=duration_s))
        self._follow(record, lambda: not self._target.states()[instance].paused)
        return record

    def stress(self, instance: str, duration_s: float, *, cpu_workers: int, memory_mb: int) -> FaultRecord:
        """Starve the instance of CPU and memory with stress-ng, for `duration_s`; returns at once.

        Raises `CapabilityError` where stress-ng is not installed.

        All instances of a local target share the machine's CPUs, so there it starves its neighbours as well.
        """
        self._check(instance, duration_s)
        if cpu_workers < 0 or memory_mb < 0 or not cpu_workers + memory_mb:
            raise UsageError("stress needs cpu_workers or memory_mb above zero, and neither below.")
        if self._target.run(instance, ["stress-ng", "--version"]).exit_code != 0:
            way = how_to_install("stress-ng", manager_of_host())
            raise CapabilityError(f"The command 'stress-ng' is missing; {way}")
        argv = ["stress-ng", "--quiet", "--timeout", f"{max(1, round(duration_s))}s"]
        argv += ["--cpu", str(cpu_workers)] if cpu_workers else []
        argv += ["--vm", "1", "--vm-keep", "--vm-bytes", f"{memory_mb}m"] if memory_mb else []
        record = self._planned("stress", instance, float(max(1, round(duration_s))))
        job = f"stress-{record.id}"
        record = self._do(record, lambda: self._target.start_job(job, argv, env={}, out_dir=Path("/")))
        self._follow(record, lambda: self._stress_is_over(job))
        return record

    def _stress_is_over(self, job: str) -> bool:
        state = self._target.job(job)
        if not state.running and state.exit_code != 0:
            raise FaultError(f"stress-ng ended with exit code {state.exit_code}: {state.stderr_tail.strip()}")
        return not state.running

    def resume(self, instance: str) -> None:
        """Let a paused instance go on now; harmless when it is not paused."""
        if self._target.states()[self._target.instance(instance).name].paused:
            self._target.resume(instance)

    def wait_until_ended(self) -> None:
        """Return when every pause and stress of this object has been seen to end."""
        for follower in self._followers:
            follower.join()

    def _at_once(self, kind: str, instance: str, act: Callable[[str], None]) -> FaultRecord:
        self._check(instance, None)
        record = self._do(self._planned(kind, instance, None), lambda: act(instance))
        return self._write(record.replace(ended_at=self._clock(), ended_by="itself"))

    def _check(self, instance: str, duration_s: float | None) -> None:
        service = self._target.instance(instance).service
        everyone = [member.name for member in self._target.instances(service)]
        states = self._target.states()
        hit = [name for name in everyone if not states[name].alive or states[name].paused]
        check_spread(service, instance, hit, everyone, self._limits)
        if duration_s is not None and not 0 < duration_s <= self._limits.ceiling_s:
            raise FaultRefused(
                f"duration_s is {duration_s:g}: it must be above zero and at most {self._limits.ceiling_s:g} s"
            )

    def _planned(self, kind: str, instance: str, planned_s: float | None) -> FaultRecord:
        declared = PROCESS_KINDS[kind]
        return FaultRecord(
            id=self._new_id(),
            kind=kind,
            instance=instance,
            backend=declared.backend,
            fidelity=declared.fidelity,
            planned_s=planned_s,
            planned_at=self._clock(),
            expects=declared.expects({}),
            spoke_with=spoke_with(self._target, instance, self._clock) if self._ledger else None,
        )

    def _do(self, record: FaultRecord, act: Callable[[], None]) -> FaultRecord:
        """Do it, and write down when; a failure is written down as well."""
        # Before the act: a restart returns only when the instance is ready again.
        applied_at = self._clock()
        try:
            act()
        except ChaosproofError as error:
            self._write(record.replace(error=str(error)))
            raise
        if self._foreign:
            self._foreign.look_aside(record.instance, f"as {record.kind} on {record.instance} went on")
        expires_at = None if record.planned_s is None else applied_at + record.planned_s
        return self._write(record.replace(applied_at=applied_at, expires_at=expires_at))

    def _follow(self, record: FaultRecord, has_ended: Callable[[], bool]) -> None:
        deadline = record.expires_at or 0.0

        def outcome() -> FaultRecord:
            try:
                while not has_ended():
                    if self._clock() > deadline + _LATE_S:
                        return record.replace(error=f"it had not ended {_LATE_S:g} s after its deadline")
                    time.sleep(_POLL_S)
            except ChaosproofError as error:
                return record.replace(error=f"its end was not seen: {error}")
            early = self._clock() < deadline - 0.15
            ended_by = "heal" if early else "watchdog"
            return record.replace(ended_at=self._clock(), ended_by=ended_by, healed=early)

        def follow() -> None:
            self._write(outcome())
            if self._foreign:
                self._foreign.look_aside(record.instance, f"as {record.kind} on {record.instance} had ended")

        follower = threading.Thread(target=follow, name=f"{record.kind} of {record.instance}", daemon=True)
        self._followers.append(follower)
        follower.start()

    def _write(self, record: FaultRecord) -> FaultRecord:
        if self._ledger is not None:
            self._ledger.write(record)
        return record
