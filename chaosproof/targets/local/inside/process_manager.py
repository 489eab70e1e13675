"""Processes inside the lab: started in an instance's network namespace, signalled as a group, reaped.

Runs only inside the supervisor, which is pid 1 of its pid namespace and so inherits every orphan.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from chaosproof.targets.base import CommandResult

__all__ = ["NAMESPACES", "ProcessManager", "signal_group"]

NAMESPACES = Path("/run/netns")
_HOST_NAMES = Path("/run/utsns")


class ProcessManager:
    """All processes that the supervisor started itself, and so waits for itself; all get `environment`.

    `command_prefix` and `job_prefix` are the words before every command and before every long-running program, for a
    supervisor that is no first process, with which everything ends.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        command_prefix: Sequence[str] = (),
        job_prefix: Sequence[str] = (),
    ) -> None:
        self._environment = dict(environment)
        self._command_prefix = command_prefix
        self._job_prefix = job_prefix
        self._live: set[int] = set()
        self._background: set[asyncio.Task[Any]] = set()
        self._starting = 0
        # Python 3.12 and later wait for each child by its pidfd without being told to.
        if sys.version_info < (3, 12):
            watcher = asyncio.PidfdChildWatcher()
            watcher.attach_loop(asyncio.get_running_loop())
            asyncio.set_child_watcher(watcher)

    def in_background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do it beside everything else, and hold it until it has ended; an error is a line on stderr."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()):
            print(error, file=sys.stderr, flush=True)

    async def spawn(
        self,
        argv: Sequence[str],
        *,
        instance: str | None,
        cwd: str,
        stdout: Path,
        environment: Mapping[str, str] | None = None,
        user: tuple[int, int] | None = None,
    ) -> asyncio.subprocess.Process:
        """Start a long-running program as the leader of its own session; its output is appended to `stdout`.

        `instance` names the namespaces (`None`: the lab's own); `environment` is added to the lab's; `user` is
        the uid and the gid of the program.
        Raises `OSError` when it cannot start.
        """
        with self._birth(), stdout.open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                *self._job_prefix,
                *_as_instance(instance, argv, user),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**self._environment, **(environment or {})},
                cwd=cwd,
                start_new_session=True,
            )
            self._live.add(process.pid)
        return process

    async def wait(self, process: asyncio.subprocess.Process) -> int:
        """The exit code of a spawned process, as a shell counts it (128 + signal)."""
        code = await process.wait()
        self._live.discard(process.pid)
        return code if code >= 0 else 128 - code

    async def run_to_end(
        self,
        argv: Sequence[str],
        *,
        instance: str | None,
        stdin: str = "",
        timeout_s: float = 10.0,
        environment: Mapping[str, str] | None = None,
        cwd: str | None = None,
        user: tuple[int, int] | None = None,
    ) -> CommandResult:
        """Run a command to its end, or to `timeout_s`: then its session is killed, exit code 124."""
        process = await self.begin(argv, instance=instance, environment=environment, cwd=cwd, user=user)
        return await self.finish(process, argv, stdin=stdin, timeout_s=timeout_s)

    async def begin(
        self,
        argv: Sequence[str],
        *,
        instance: str | None,
        environment: Mapping[str, str] | None = None,
        cwd: str | None = None,
        user: tuple[int, int] | None = None,
    ) -> asyncio.subprocess.Process:
        """Start a command that waits for its input; whoever does must `finish` it."""
        with self._birth():
            process = await asyncio.create_subprocess_exec(
                *self._command_prefix,
                *(_as_instance(instance, argv, user) if user else _in_namespace(instance, argv)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**self._environment, **(environment or {})},
                cwd=cwd,
                start_new_session=True,
            )
            self._live.add(process.pid)
        return process

    async def finish(
        self, process: asyncio.subprocess.Process, argv: Sequence[str], *, stdin: str, timeout_s: float
    ) -> CommandResult:
        """Give a command its input and wait for its end, or for `timeout_s`: then its session is killed."""
        started_at = time.monotonic()
        try:
            stdout, stderr = await asyncio.wait_for(process.communicate(stdin.encode()), timeout_s)
            code = await self.wait(process)
        except TimeoutError:
            signal_group(process.pid, signal.SIGKILL)
            await self.wait(process)
            stdout, stderr, code = b"", f"did not end within {timeout_s:g} s".encode(), 124
        return CommandResult(
            argv=tuple(argv),
            exit_code=code,
            stdout=stdout.decode(errors="replace"),
            stderr=stderr.decode(errors="replace"),
            duration_s=time.monotonic() - started_at,
        )

    def reap_orphans(self) -> None:
        """Collect dead children that nobody waits for; our own are left to `wait`."""
        while not self._starting:
            try:
                dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if dead is None or dead.si_pid in self._live:
                return
            with contextlib.suppress(ChildProcessError):
                os.waitpid(dead.si_pid, os.WNOHANG)

    @contextlib.contextmanager
    def _birth(self) -> Iterator[None]:
        """Between fork and the moment its pid is known a child must not be taken for an orphan."""
        self._starting += 1
        try:
            yield
        finally:
            self._starting -= 1


def signal_group(pid: int, signum: signal.Signals) -> None:
    """Signal the whole session that `pid` leads; one that is gone already is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signum)


def _as_instance(instance: str | None, argv: Sequence[str], user: tuple[int, int] | None) -> Sequence[str]:
    """The program of an instance: under the instance's host name, and as its user."""
    if instance is None:
        return argv
    names = [f"--net={NAMESPACES / instance}", f"--uts={_HOST_NAMES / instance}"]
    ids = [f"--setuid={user[0]}", f"--setgid={user[1]}"] if user else []
    return ["nsenter", *names, *ids, "--", *argv]


def _in_namespace(instance: str | None, argv: Sequence[str]) -> list[str]:
    return ["nsenter", f"--net={NAMESPACES / instance}", "--", *argv] if instance else list(argv)
