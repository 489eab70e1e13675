"""One container of the project as an instance: watched, asked whether it is ready, signalled, started again.

Its engine starts it, and by its own restart policy again. Its end is seen by the kernel's pidfd of its first process:
at once, and whether or not the engine is alive. Signals go to its processes from outside, never by the engine, which
takes a kill of its own for a wish that the container be gone, and does not start it again.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from chaosproof.errors import TargetError
from chaosproof.targets.base import CommandResult, Instance, InstanceState
from chaosproof.targets.containers.engine.client import EngineClient
from chaosproof.targets.containers.engine.records import Container
from chaosproof.targets.containers.inside import borrow_run
from chaosproof.targets.containers.inside.own_network import HeldNetworks
from chaosproof.targets.containers.inside.program import enter_program, pid_inside, signal_all, stop_all
from chaosproof.targets.containers.spec import instance_of
from chaosproof.targets.local.inside.health import answer_timeout_s, follow_readiness, http_get, is_ready
from chaosproof.targets.local.inside.process_manager import ProcessManager, signal_group
from chaosproof.targets.local.spec import ONE_SHOT_LIMIT_S
from chaosproof.targets.system.definition import HealthCheck, Service

__all__ = ["ContainerInstance"]

_LAST_LINES = 12
_LAST_CHARS = 160
_READY_WITHIN_S = 30.0
_STARTED_WITHIN_S = 60.0
_EXIT_CODE_WITHIN_S = 2.0
_NOT_STARTED_AGAIN = "its network is a new one: a fault that was on it has ended with the old one"


class ContainerInstance:
    """The mutable side of an `Instance`.

    `on_event(instance, event, detail, at)` is told of every change and, where that is not now, of its instant;
    `on_address` is called when it may have another address.
    """

    def __init__(
        self,
        *,
        instance: Instance,
        service: Service,
        container: Container,
        client: EngineClient,
        processes: ProcessManager,
        networks: HeldNetworks,
        on_event: Callable[[str, str, str, float | None], None],
        on_address: Callable[[], None],
    ) -> None:
        self.instance = instance
        self.service = service
        self.ready = False
        self._container = container
        self._client = client
        self._processes = processes
        self._networks = networks
        self._tell = on_event
        self._on_address = on_address
        self._pid = 0
        self._inside_pid = 0
        self._pidfd: int | None = None
        self._health: asyncio.Task[None] | None = None
        self._not_ready_because = "it has not been asked yet"
        self._ready_or_done = asyncio.Event()
        self._exit_code_told: int | None = None
        self._stop_is_meant = False
        self._paused = False
        self._resume: asyncio.TimerHandle | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._restarts = self._deaths = self._stops = 0

    def _on_event(self, event: str, detail: str, at: float | None = None) -> None:
        self._tell(self.instance.name, event, detail, at)

    @property
    def container_id(self) -> str:
        return self._container.id

    @property
    def alive(self) -> bool:
        return self._pid != 0

    def state(self) -> InstanceState:
        """What it is doing now; `pid` is the number that its program has inside."""
        return InstanceState(
            name=self.instance.name,
            alive=self.alive,
            ready=self.ready,
            paused=self._paused,
            pid=self._inside_pid,
            restarts=self._restarts,
            deaths=self._deaths,
            stops=self._stops,
        )

    def begin(self) -> None:
        """Take it as it is found: running, or ended."""
        if self._container.running:
            self._began(self._container, first=True)
        elif self.service.one_shot and self._container.exit_code == 0:
            self._stops += 1
            self._on_event("completed", "exit code 0")
            self._ready_or_done.set()
        else:
            self._not_ready_because = f"it has ended with exit code {self._container.exit_code}"

    async def look(self) -> None:
        """Ask the engine about it: after an event of its, and now and then, for an engine that was not there."""
        try:
            container = await asyncio.to_thread(self._client.container, self._container.id)
        except TargetError:
            return  # the engine is gone for a while, or the container for good: its pidfd tells its end
        if container.running and container.pid != self._pid:
            if self._pid:
                self._process_ended(self._pid)
            self._began(container)

    def died(self, exit_code: int | None) -> None:
        """The engine says so; the kernel has said it before, without the exit code."""
        self._exit_code_told = exit_code

    async def wait_ready(self) -> None:
        """Return once it is ready, or a one-shot is done; `TargetError` when that takes too long."""
        check = self.service.healthcheck
        limit_s = ONE_SHOT_LIMIT_S if self.service.one_shot else check.timeout_s if check else _READY_WITHIN_S
        try:
            async with asyncio.timeout(limit_s):
                await self._ready_or_done.wait()
        except TimeoutError:
            raise TargetError(
                f"{self.instance.name} was not ready within {limit_s:g} s ({self._not_ready_because}). "
                f"{await self._last_lines()}"
            ) from None

    async def read_log(self) -> str:
        """All that it wrote to stdout and stderr, as the engine keeps it."""
        return await asyncio.to_thread(self._client.logs, self._container.id)

    async def metrics(self) -> str:
        """Its metrics page; `TargetError` when it has none, or does not answer."""
        name, info = self.instance.name, self.instance
        if info.metrics_port is None:
            raise TargetError(f"{name} has no metrics: nothing says on which port {info.service} has them.")
        try:
            status, body = await http_get(
                info.address, info.metrics_port, info.metrics_path, 5.0, host=info.service
            )
        except (OSError, TimeoutError) as error:
            raise TargetError(f"{name} did not give its metrics: {error or 'no answer in 5 s'}.") from error
        if status != 200:
            raise TargetError(f"{name} answered {status} when asked for its metrics.")
        return body

    async def signal(self, number: int) -> None:
        """Send a signal: one that ends it to its first process, another to all; `TargetError` when it is dead."""
        signum = signal.Signals(number)
        if not self.alive or self._pidfd is None:
            raise TargetError(f"{self.instance.name} is not running, so {signum.name} cannot reach it.")
        if signum in (signal.SIGKILL, signal.SIGTERM):
            if not self._stop_is_meant:
                self._stop_is_meant = True
                self._stops += 1
            signal.pidfd_send_signal(self._pidfd, signum)
            return
        if signum is signal.SIGSTOP:
            await self.pause(None)
            return
        signal_all(self._pid, signum)
        if signum is signal.SIGCONT:
            self._forget_guard()
            self._paused = False
            self._on_event("resumed", "")

    async def pause(self, duration_s: float | None) -> None:
        """SIGSTOP to all its processes; after `duration_s` SIGCONT, whoever asked for it and is there no more."""
        if not self.alive:
            raise TargetError(f"{self.instance.name} is not running, so SIGSTOP cannot reach it.")
        self._forget_guard()
        self._guard = stop_all(self._pid, duration_s)
        self._paused = True
        self._on_event("paused", "")
        if duration_s is not None:
            loop = asyncio.get_running_loop()
            self._resume = loop.call_later(duration_s, self._resume_if, self._pid)

    def _forget_guard(self) -> None:
        """Nobody has to let it go on any more."""
        if self._resume is not None:
            self._resume.cancel()
            self._resume = None
        if self._guard is not None:
            # with what it has started
            signal_group(self._guard.pid, signal.SIGKILL)
            with self._guard:
                self._guard = None

    async def restart(self) -> None:
        """Let the engine stop it and start it again, in a new network, and wait until it is ready again."""
        if self.alive:
            signal_all(self._pid, signal.SIGCONT)  # what is stopped can neither end nor answer
            if not self._stop_is_meant:
                self._stop_is_meant = True
                self._stops += 1
            grace_s = self.service.stop_grace_period_s
            await asyncio.to_thread(self._client.restart, self._container.id, grace_s)
        else:
            await asyncio.to_thread(self._client.start, self._container.id)
        await self.look()
        await self.wait_ready()

    def beside(self, argv: list[str]) -> list[str]:
        """The command of a job that finds the Unix sockets of this container, under /run, at its own /run."""
        if not self.alive:
            raise TargetError(f"{self.instance.name} is not running, so nothing can be started beside it.")
        return [sys.executable, "-IS", borrow_run.__file__, str(self._pid), *argv]

    async def run_program(self, argv: list[str], stdin: str, timeout_s: float) -> CommandResult:
        """Run a command where the program's files and processes are, as its user, with its variables."""
        if not self.alive:
            raise TargetError(f"{self.instance.name} is not running, so nothing can be run in it.")
        done = await self._processes.run_to_end(
            [*enter_program(self._pid), *argv],
            instance=None,
            stdin=stdin,
            timeout_s=timeout_s,
            environment=self._container.environment,
        )
        return replace(done, argv=tuple(argv))

    def close(self) -> None:
        """Watch it no longer; it goes on."""
        if self._health:
            self._health.cancel()
        self._resume_if(self._pid)
        self._forget_pidfd()

    # --- its lives ----------------------------------------------------------------------------------------

    def _began(self, container: Container, *, first: bool = False) -> None:
        try:
            pidfd = os.pidfd_open(container.pid)
        except ProcessLookupError:
            return  # it has ended again meanwhile, and there will be another look
        self._container = container
        self._pid, self._pidfd = container.pid, pidfd
        self._inside_pid = pid_inside(container.pid)
        self._stop_is_meant = self._paused = False
        self._ready_or_done.clear()
        self._exit_code_told = None
        self.instance = instance_of(container, self.instance)
        try:
            renewed = self._networks.hold(self.instance.name, container.pid)
        except TargetError:
            renewed = False
        asyncio.get_running_loop().add_reader(pidfd, self._process_ended, container.pid)
        if not first:
            self._restarts += 1
        detail = f"pid {container.pid}" + (f"; {_NOT_STARTED_AGAIN}" if renewed else "")
        self._on_event("started", detail)
        self._on_address()
        self._health = asyncio.create_task(self._watch_health())

    def _process_ended(self, pid: int) -> None:
        if pid != self._pid:
            return
        self._forget_pidfd()
        self._pid = self._inside_pid = 0
        self._ready_or_done.clear()
        if self._health:
            self._health.cancel()
        self._forget_guard()
        meant, self._paused = self._stop_is_meant, False
        if meant:
            pass
        elif self.service.one_shot:
            self._stops += 1
        else:
            self._deaths += 1
        self._set_ready(False, "it has ended")
        self._processes.in_background(self._say_how_it_ended(meant, time.time()))

    async def _say_how_it_ended(self, meant: bool, at: float) -> None:
        """The row of its end at the instant `at`, as soon as the engine knows the exit code."""
        code = await self._exit_code()
        how = "exit code unknown" if code is None else _how_it_ended(code)
        if self.service.one_shot and code == 0 and not meant:
            self._on_event("completed", how, at)
            self._ready_or_done.set()
        elif meant:
            self._on_event("killed", how, at)
        else:
            last = "".join(f"; its last line: {line}" for line in (await self._log_lines())[-1:])
            self._on_event("exited", (how + last)[:_LAST_CHARS], at)

    async def _exit_code(self) -> int | None:
        given_up_at = time.monotonic() + _EXIT_CODE_WITHIN_S
        while time.monotonic() < given_up_at:
            if self._exit_code_told is not None:
                return self._exit_code_told
            with contextlib.suppress(TargetError):
                container = await asyncio.to_thread(self._client.container, self._container.id)
                if container.exit_code is not None:
                    return container.exit_code
            await asyncio.sleep(0.1)
        return None

    def _forget_pidfd(self) -> None:
        if self._pidfd is not None:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None

    def _resume_if(self, pid: int) -> None:
        """Let it go on, unless that is another life than the one that was paused."""
        if self._pid == pid and self.alive and self._paused:
            signal_all(pid, signal.SIGCONT)
            self._forget_guard()
            self._paused = False
            self._on_event("resumed", "")

    # --- readiness ----------------------------------------------------------------------------------------

    async def _watch_health(self) -> None:
        check = self.service.healthcheck
        if self.service.one_shot:
            return
        if check is None:
            self._set_ready(True, "no health check")
            return
        await follow_readiness(check, self._ask, lambda: self.ready, self._set_ready)

    async def _ask(self, check: HealthCheck) -> tuple[bool, str]:
        if check.kind != "test":
            return await is_ready(self.instance.address, check, self.service.name)
        try:
            done = await self.run_program(list(check.command), "", answer_timeout_s(check))
        except (TargetError, OSError) as error:
            return False, str(error)
        if done.exit_code == 0:
            return True, ""
        printed = f"{done.stdout} {done.stderr}".strip()[:_LAST_CHARS]
        return False, f"{check.target} ended with exit code {done.exit_code} {printed}".strip()

    def _set_ready(self, ready: bool, reason: str) -> None:
        self._not_ready_because = reason
        if ready != self.ready:
            self.ready = ready
            self._on_event("ready" if ready else "not_ready", reason)
        if ready:
            self._ready_or_done.set()

    async def _log_lines(self) -> list[str]:
        with contextlib.suppress(TargetError):
            return (await self.read_log()).splitlines()
        return []

    async def _last_lines(self) -> str:
        lines = (await self._log_lines())[-_LAST_LINES:]
        return "Its last lines: " + "\n  ".join(["", *lines]) if lines else "It printed nothing."


def _how_it_ended(code: int) -> str:
    """The exit code as a shell counts it, and the signal behind it: "exit code 139 (SIGSEGV)"."""
    with contextlib.suppress(ValueError):
        return f"exit code {code} ({signal.Signals(code - 128).name})"
    return f"exit code {code}"
