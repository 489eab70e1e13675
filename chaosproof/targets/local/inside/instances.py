"""One instance inside the lab: started, watched, asked whether it is ready, signalled, started again."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from chaosproof.errors import TargetError
from chaosproof.targets.base import Instance, InstanceState
from chaosproof.targets.local.inside.health import (
    answer_timeout_s,
    follow_readiness,
    http_get,
    is_ready,
)
from chaosproof.targets.local.inside.process_manager import ProcessManager, signal_group
from chaosproof.targets.local.inside.restart_policy import RestartPolicy
from chaosproof.targets.local.spec import ONE_SHOT_LIMIT_S
from chaosproof.targets.local.users import user_ids
from chaosproof.targets.system.definition import HealthCheck, Service

__all__ = ["InstanceRunner"]

_LAST_LINES = 12
_LAST_CHARS = 160
_DOES_NOT_END_S = 5.0
_NOT_EXECUTABLE = 126


class InstanceRunner:
    """The mutable side of an `Instance`; `on_event(instance, event, detail)` is told of every change."""

    def __init__(
        self,
        *,
        instance: Instance,
        service: Service,
        processes: ProcessManager,
        environment: Mapping[str, str],
        log: Path,
        on_event: Callable[[str, str, str], None],
    ) -> None:
        self.instance = instance
        self.service = service
        self.ready = False
        self._processes = processes
        self._environment = {**environment, "INSTANCE_NAME": instance.name}
        self._user = user_ids(service.user)
        self._policy = RestartPolicy(service.restart)
        self._log = log
        self._on_event = on_event
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._health: asyncio.Task[None] | None = None
        self._exit_code: int | None = None
        self._not_ready_because = "it has not been asked yet"
        self._ready_or_dead = asyncio.Event()
        self._stop_is_meant = False
        self._paused = False
        self._resume: asyncio.TimerHandle | None = None
        self._restarts = self._deaths = self._stops = 0
        # A restart that its policy has in mind is off when somebody else starts or stops it meanwhile.
        self._life = 0
        self._started_at = 0.0

    def state(self) -> InstanceState:
        """What it is doing now."""
        return InstanceState(
            name=self.instance.name,
            alive=self._alive,
            ready=self.ready,
            paused=self._paused,
            pid=self._process.pid if self._process and self._alive else 0,
            restarts=self._restarts,
            deaths=self._deaths,
            stops=self._stops,
        )

    @property
    def _alive(self) -> bool:
        return self._process is not None and self._exit_code is None

    async def read_log(self) -> str:
        """All that it wrote to stdout and stderr, over all its lives."""
        return self._written()

    async def metrics(self) -> str:
        """Its metrics page; `TargetError` when it has none, or does not answer."""
        name, info = self.instance.name, self.instance
        if info.metrics_port is None:
            raise TargetError(f"{name} has no metrics: the system file names none for {info.service}.")
        try:
            status, body = await http_get(
                info.address, info.metrics_port, info.metrics_path, 5.0, host=info.service
            )
        except (OSError, TimeoutError) as error:
            raise TargetError(f"{name} did not give its metrics: {error or 'no answer in 5 s'}.") from error
        if status != 200:
            raise TargetError(f"{name} answered {status} when asked for its metrics.")
        return body

    def _written(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    async def start(self) -> None:
        """Start the process; raises `TargetError` when there is nothing to start."""
        self._life += 1
        self._started_at = time.monotonic()
        self._exit_code = None
        self._stop_is_meant = False
        self._paused = False
        self._ready_or_dead.clear()
        try:
            self._process = await self._processes.spawn(
                self.service.command,
                instance=self.instance.name,
                environment=self._environment,
                cwd=self.service.working_dir,
                stdout=self._log,
                user=self._user,
            )
        except OSError as error:
            raise TargetError(
                f"Cannot start {self.instance.name} in {self.service.working_dir}: {error.strerror}."
            ) from error
        self._on_event(self.instance.name, "started", f"pid {self._process.pid}")
        self._watch = asyncio.create_task(self._watch_exit(self._process))
        self._health = asyncio.create_task(self._watch_health())

    async def wait_ready(self) -> None:
        """Return once it has been ready, or a one-shot is done; `TargetError` when it died or took too long."""
        if self.service.one_shot:
            timeout_s = ONE_SHOT_LIMIT_S
        else:
            timeout_s = self.service.healthcheck.timeout_s if self.service.healthcheck else _DOES_NOT_END_S
        try:
            async with asyncio.timeout(timeout_s):
                await self._ready_or_dead.wait()
        except TimeoutError:
            raise TargetError(
                f"{self.instance.name} was not ready within {timeout_s:g} s ({self._not_ready_because}). "
                f"{self._last_lines()}"
            ) from None
        if not self.ready and not (self.service.one_shot and self._exit_code == 0):
            before = "" if self.service.one_shot else " before it was ready"
            # nsenter's own code: it was that user already, and could not begin the program.
            hint = (
                f"The user {self.service.user!r} must be able to read the program and every folder above it. "
                if self.service.user and self._exit_code == _NOT_EXECUTABLE
                else ""
            )
            raise TargetError(
                f"{self.instance.name} ({' '.join(self.service.command)}) ended with exit code "
                f"{self._exit_code}{before}. {hint}{self._last_lines()}"
            )

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL after the service's grace period; returns when it has ended."""
        process, watch = self._process, self._watch
        self._life += 1
        if process is None or watch is None or not self._alive:
            return
        if not self._stop_is_meant:
            self._stop_is_meant = True
            self._stops += 1
        signal_group(process.pid, signal.SIGTERM)
        signal_group(process.pid, signal.SIGCONT)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.service.stop_grace_period_s):
                await asyncio.shield(watch)
                return
        signal_group(process.pid, signal.SIGKILL)
        await watch

    async def restart(self) -> None:
        """Stop, start, and wait until it is ready again."""
        await self.stop()
        self._restarts += 1
        await self.start()
        await self.wait_ready()

    async def signal(self, number: int) -> None:
        """Send a signal to all its processes; one that ends it counts as meant. `TargetError` when dead."""
        signum = signal.Signals(number)
        if self._process is None or not self._alive:
            raise TargetError(f"{self.instance.name} is not running, so {signum.name} cannot reach it.")
        if signum in (signal.SIGKILL, signal.SIGTERM) and not self._stop_is_meant:
            self._stop_is_meant = True
            self._stops += 1
        signal_group(self._process.pid, signum)
        if self._resume is not None and signum in (signal.SIGSTOP, signal.SIGCONT):
            self._resume.cancel()
            self._resume = None
        if signum is signal.SIGSTOP:
            self._paused = True
            self._on_event(self.instance.name, "paused", "")
        elif signum is signal.SIGCONT:
            self._paused = False
            self._on_event(self.instance.name, "resumed", "")

    async def pause(self, duration_s: float | None) -> None:
        """SIGSTOP; after `duration_s` SIGCONT, whoever asked for it and whether or not he is still there."""
        await self.signal(signal.SIGSTOP)
        if duration_s is None:
            return
        assert self._process is not None
        loop = asyncio.get_running_loop()
        self._resume = loop.call_later(duration_s, self._resume_if, self._process.pid)

    def _resume_if(self, pid: int) -> None:
        """Let it go on, unless that is another life than the one that was paused."""
        if self._process is not None and self._process.pid == pid and self._alive and self._paused:
            signal_group(pid, signal.SIGCONT)
            self._paused = False
            self._on_event(self.instance.name, "resumed", "")

    async def _watch_exit(self, process: asyncio.subprocess.Process) -> None:
        code = await self._processes.wait(process)
        # What it started and left behind belongs to it.
        signal_group(process.pid, signal.SIGKILL)
        self._exit_code = code
        is_done = self.service.one_shot and code == 0 and not self._stop_is_meant
        if is_done:
            # The system file asked for this end.
            self._stops += 1
        elif not self._stop_is_meant:
            self._deaths += 1
        if self._health:
            self._health.cancel()
        how = _how_it_ended(code)
        self._set_ready(False, how)
        if is_done:
            self._on_event(self.instance.name, "completed", how)
        elif self._stop_is_meant:
            self._on_event(self.instance.name, "killed", how)
        else:
            last = "".join(f"; its last line: {line}" for line in self._written().splitlines()[-1:])
            self._on_event(self.instance.name, "exited", how + last[:_LAST_CHARS])
        pause_s = self._policy.pause_s(code, lived_s=time.monotonic() - self._started_at)
        if pause_s is None:
            self._ready_or_dead.set()
        else:
            self._processes.in_background(self._start_again(self._life, pause_s))

    async def _start_again(self, life: int, pause_s: float) -> None:
        await asyncio.sleep(pause_s)
        if self._life == life:
            self._restarts += 1
            await self.start()

    async def _watch_health(self) -> None:
        check = self.service.healthcheck
        if self.service.one_shot:
            # It is awaited until its end.
            return
        if check is None:
            self._set_ready(True, "no health check")
            return
        await follow_readiness(check, self._ask, lambda: self.ready, self._set_ready)

    async def _ask(self, check: HealthCheck) -> tuple[bool, str]:
        if check.kind != "test":
            return await is_ready(self.instance.address, check, self.service.name)
        done = await self._processes.run_to_end(
            check.command,
            instance=self.instance.name,
            timeout_s=answer_timeout_s(check),
            environment=self._environment,
            cwd=self.service.working_dir,
            user=self._user,
        )
        if done.exit_code == 0:
            return True, ""
        printed = f"{done.stdout} {done.stderr}".strip()[:_LAST_CHARS]
        return False, f"{check.target} ended with exit code {done.exit_code} {printed}".strip()

    def _set_ready(self, ready: bool, reason: str) -> None:
        self._not_ready_because = reason
        if ready != self.ready:
            self.ready = ready
            self._on_event(self.instance.name, "ready" if ready else "not_ready", reason)
        if ready:
            self._ready_or_dead.set()

    def _last_lines(self) -> str:
        lines = self._written().splitlines()[-_LAST_LINES:]
        return "Its last lines: " + "\n  ".join(["", *lines]) if lines else "It printed nothing."


def _how_it_ended(code: int) -> str:
    """The exit code as a shell counts it, and the signal behind it: "exit code 139 (SIGSEGV)"."""
    with contextlib.suppress(ValueError):
        return f"exit code {code} ({signal.Signals(code - 128).name})"
    return f"exit code {code}"
