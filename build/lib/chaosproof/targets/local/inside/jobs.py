"""Programs that run beside the services for a while, in the lab's own namespace: the load generator."""

import asyncio
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaosproof.errors import TargetError
from chaosproof.targets.base import JobState
from chaosproof.targets.local.inside.process_manager import ProcessManager, signal_group

__all__ = ["Jobs"]

_TAIL_CHARACTERS = 2000


@dataclass
class _Job:
    process: asyncio.subprocess.Process
    log: Path
    exit_code: int | None = None


class Jobs:
    """The jobs of one lab, by name. Not for use from more than one event loop."""

    def __init__(self, processes: ProcessManager, folder: Path) -> None:
        self._processes = processes
        self._folder = folder
        self._jobs: dict[str, _Job] = {}

    async def start(self, name: str, argv: Sequence[str], env: Mapping[str, str], cwd: str) -> None:
        """Start `argv`; a name whose job still runs is refused with `TargetError`."""
        if name in self._jobs and self._jobs[name].exit_code is None:
            raise TargetError(f"A job named {name!r} runs already.")
        log = self._folder / f"{name}.log"
        try:
            process = await self._processes.spawn(argv, instance=None, environment=env, cwd=cwd, stdout=log)
        except OSError as error:
            raise TargetError(f"Cannot start the job {name!r} ({argv[0]}): {error.strerror}.") from error
        job = self._jobs[name] = _Job(process, log)
        self._processes.in_background(self._wait(job))

    async def _wait(self, job: _Job) -> None:
        code = await self._processes.wait(job.process)
        # what it started and left behind belongs to it: whoever kept the time of a stress may have been killed
        signal_group(job.process.pid, signal.SIGKILL)
        job.exit_code = code

    async def state(self, name: str) -> JobState:
        """Whether the job runs, its exit code, and the end of what it printed."""
        job = self._known(name)
        tail = job.log.read_text(encoding="utf-8", errors="replace")[-_TAIL_CHARACTERS:]
        return JobState(name=name, running=job.exit_code is None, exit_code=job.exit_code, stderr_tail=tail)

    async def stop(self, name: str) -> None:
        """SIGTERM, if it still runs."""
        job = self._known(name)
        if job.exit_code is None:
            signal_group(job.process.pid, signal.SIGTERM)

    def _known(self, name: str) -> _Job:
        if name not in self._jobs:
            known = ", ".join(self._jobs) or "none"
            raise TargetError(f"There is no job {name!r} (jobs so far: {known}).")
        return self._jobs[name]
