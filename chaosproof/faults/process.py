"""Faults on the process of an instance: killed, terminated, restarted, paused, starved.

    ProcessFaults(target, ledger).pause("app-b-0", duration_s=5)

A pause ends itself: the target lets the process go on at the deadline, whether or not whoever asked is still alive.
Stress ends itself too: stress-ng runs with a timeout of its own. What was killed stays dead until it is restarted.
"""

import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.faults.errors import CapabilityError, FaultError, FaultRefused
from chaosproof.faults.limits import Limits, check_spread
from chaosproof.faults.receipts.ledger import FaultLedger
from chaosproof.targets.base import Target

__all__ = ["ProcessFaults"]

_POLL_S = 0.01
_LATE_S = 5.0


class ProcessFaults:
    """Process faults on the instances of one target. Every fault becomes a row of the ledger, when there is one.

    Every method returns the row, raises `TargetError` for an unknown or dead instance and `FaultRefused` for what the
    limits do not allow.
    """

    def __init__(
        self,
        target: Target,
        ledger: FaultLedger | None = None,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: secrets.token_hex(4),
    ) -> None:
        self._target = target
        self._ledger = ledger
        self._limits = limits or Limits()
        self._clock = clock
        self._new_id = new_id
        self._followers: list[threading.Thread] = []

    def kill(self, instance: str) -> dict[str, Any]:
        """End the instance with SIGKILL."""
        return self._at_once("kill", instance, self._target.kill)

    def terminate(self, instance: str) -> dict[str, Any]:
        """End the instance with SIGTERM."""
        return self._at_once("terminate", instance, self._target.terminate)

    def restart(self, instance: str) -> dict[str, Any]:
        """Stop the instance and start it again; returns when it is ready, with how long that took."""
        return self._at_once("restart", instance, self._target.restart)

    def pause(self, instance: str, duration_s: float) -> dict[str, Any]:
        """Stop the instance with SIGSTOP for `duration_s`; returns at once."""
        self._check(instance, duration_s)
        row = self._begun("pause", instance, duration_s, "signal", "watchdog in the target")
        self._keep(row, lambda: self._target.pause(instance, duration_s=duration_s))
        self._follow(row, lambda: not self._target.states()[instance].paused)
        return row

    def stress(self, instance: str, duration_s: float, *, cpu_workers: int, memory_mb: int) -> dict[str, Any]:
        """Starve the instance of CPU and memory with stress-ng, for `duration_s`; returns at once.

        Raises `CapabilityError` where stress-ng is not installed.

        All instances of a local target share the machine's CPUs, so there it starves its neighbours as well.
        """
        self._check(instance, duration_s)
        if cpu_workers < 0 or memory_mb < 0 or not cpu_workers + memory_mb:
            raise UsageError("stress needs cpu_workers or memory_mb above zero, and neither below.")
        if self._target.run(instance, ["stress-ng", "--version"]).exit_code != 0:
            raise CapabilityError(
                "The command 'stress-ng' is missing; install it with: apt-get install stress-ng"
            )
        argv = ["stress-ng", "--quiet", "--timeout", f"{max(1, round(duration_s))}s"]
        argv += ["--cpu", str(cpu_workers)] if cpu_workers else []
        argv += ["--vm", "1", "--vm-keep", "--vm-bytes", f"{memory_mb}m"] if memory_mb else []
        row = self._begun(
            "stress", instance, float(max(1, round(duration_s))), "stress-ng", "its own timeout"
        )
        job = f"stress-{row['id']}"
        self._keep(row, lambda: self._target.start_job(job, argv, env={}, out_dir=Path("/")))
        self._follow(row, lambda: self._stress_is_over(job))
        return row

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

    def _at_once(self, kind: str, instance: str, act: Callable[[str], None]) -> dict[str, Any]:
        self._check(instance, None)
        row = self._begun(kind, instance, None, "signal", "done when it returns")
        self._keep(row, lambda: act(instance))
        row["ended_at"], row["ended_by"] = self._clock(), "itself"
        self._write(row)
        return row

    def _check(self, instance: str, duration_s: float | None) -> None:
        service = self._target.instance(instance).service
        everyone = [one.name for one in self._target.instances(service)]
        states = self._target.states()
        hit = [name for name in everyone if not states[name].alive or states[name].paused]
        check_spread(service, instance, hit, everyone, self._limits)
        if duration_s is not None and not 0 < duration_s <= self._limits.ceiling_s:
            raise FaultRefused(
                f"duration_s is {duration_s:g}: it must be above zero and at most {self._limits.ceiling_s:g} s"
            )

    def _begun(
        self, kind: str, instance: str, planned_s: float | None, backend: str, fidelity: str
    ) -> dict[str, Any]:
        return {
            "id": self._new_id(),
            "kind": kind,
            "instance": instance,
            "backend": backend,
            "fidelity": fidelity,
            "selector": {"protocol": None, "port": None, "port_side": None, "peer": None},
            "direction": None,
            "planned_s": planned_s,
            "planned_at": self._clock(),
            "applied_at": None,
            "expires_at": None,
            "ended_at": None,
            "ended_by": None,
            "packets": None,
            "canary": {"before": "none", "during": "none", "after": "none"},
            "healed": False,
            "error": None,
        }

    def _keep(self, row: dict[str, Any], act: Callable[[], None]) -> None:
        """Do it, and write down when; a failure is written down as well."""
        # Before the act: a restart returns only when the instance is ready again.
        applied_at = self._clock()
        try:
            act()
        except ChaosproofError as error:
            row["error"] = str(error)
            self._write(row)
            raise
        row["applied_at"] = applied_at
        if row["planned_s"] is not None:
            row["expires_at"] = row["applied_at"] + row["planned_s"]
        self._write(row)

    def _follow(self, row: dict[str, Any], has_ended: Callable[[], bool]) -> None:
        def watch() -> None:
            try:
                while not has_ended():
                    if self._clock() > row["expires_at"] + _LATE_S:
                        row["error"] = f"it had not ended {_LATE_S:g} s after its deadline"
                        self._write(row)
                        return
                    time.sleep(_POLL_S)
            except ChaosproofError as error:
                row["error"] = f"its end was not seen: {error}"
            else:
                early = self._clock() < row["expires_at"] - 0.15
                row["ended_at"], row["ended_by"] = self._clock(), "heal" if early else "watchdog"
                row["healed"] = early
            self._write(row)

        follower = threading.Thread(target=watch, name=f"{row['kind']} of {row['instance']}", daemon=True)
        self._followers.append(follower)
        follower.start()

    def _write(self, row: dict[str, Any]) -> None:
        if self._ledger is not None:
            self._ledger.write(row)
