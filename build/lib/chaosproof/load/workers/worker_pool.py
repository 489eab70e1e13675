"""Sends a load from several worker processes: each has its share of the requests and of the connections.

The workers send outcomes over a pipe, with the instant up to which they are complete; the parent merges them in the
order in which the requests ended, and writes the folder. A worker that dies ends the load as incomplete; a parent that
dies ends its workers, which see their standard input close.
"""

import asyncio
import json
import subprocess
import sys
import time
from bisect import bisect_right
from collections.abc import Callable
from operator import attrgetter

from chaosproof.errors import ChaosproofError, readable_os_errors
from chaosproof.load.cancellation import Cancellation, wait_for_either
from chaosproof.load.outcome import Outcome
from chaosproof.load.plan import Plan
from chaosproof.load.recording.request_recorder import RequestRecorder

__all__ = ["WorkerPool"]

_STARTING_BUDGET_S = 20.0
_LINE_BYTES_MAX = 1 << 26


class WorkerPool:
    """Sends a plan from `plan.processes` processes. `on_death` is called for a process that died."""

    def __init__(
        self, plan: Plan, recorder: RequestRecorder, on_death: Callable[[ChaosproofError], None]
    ) -> None:
        self._plan = plan
        self._recorder = recorder
        self._on_death = on_death
        self._workers = [_Worker(index) for index in range(plan.processes)]
        self._recorded = 0

    @property
    def due(self) -> int:
        return sum(worker.due for worker in self._workers)

    @property
    def sent(self) -> int:
        return sum(worker.sent for worker in self._workers)

    @property
    def inflight(self) -> int:
        return sum(worker.inflight for worker in self._workers)

    async def open(self, cancellation: Cancellation) -> None:
        """Start the processes; return when all have opened their connections, or have had time to."""
        with readable_os_errors("cannot start a process of the load"):
            for worker in self._workers:
                await worker.start(self._plan)
        ready = asyncio.gather(*(worker.ready() for worker in self._workers))
        await wait_for_either(ready, cancellation.requested, timeout_s=_STARTING_BUDGET_S)
        if not ready.done():
            ready.cancel()
            await asyncio.wait({ready})

    async def run(self, start: float, cancellation: Cancellation) -> float:
        """As `ShareSender.run`."""
        for worker in self._workers:
            worker.send_line(f"start {start!r} {self._recorder.epoch!r}")
        reading = asyncio.gather(*(self._read(worker) for worker in self._workers))
        await wait_for_either(reading, cancellation.requested)
        stopped = time.monotonic()
        if not reading.done():
            for worker in self._workers:
                worker.send_line("stop")
            await wait_for_either(reading, cancellation.immediate)
        if not reading.done():
            for worker in self._workers:
                worker.send_line("stop")
        await reading
        self._merge(final=True)
        return stopped

    async def _read(self, worker: "_Worker") -> None:
        while await worker.read_batch():
            self._merge(final=False)
        exit_code = await worker.end()
        if exit_code != 0:
            self._on_death(
                ChaosproofError(
                    f"process {worker.index} of the load ended with exit code {exit_code}: {worker.last_line}"
                )
            )

    def _merge(self, final: bool) -> None:
        """Record the outcomes that none of any worker can precede any more."""
        until = float("inf") if final else min(worker.complete_until for worker in self._workers)
        batch: list[Outcome] = []
        for worker in self._workers:
            batch.extend(worker.take(until))
        batch.sort(key=attrgetter("done"))
        renumber = self._plan.model == "closed"
        for outcome in batch:
            # In the open model a request has its number from the plan. In the closed model no process
            # knows how many requests the others have begun: there they are numbered as they end.
            self._recorder.add(outcome._replace(seq=self._recorded) if renumber else outcome)
            self._recorded += 1


class _Worker:
    """A worker process, seen from the parent: commands go to it, and lines of JSON come back."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.due = 0
        self.sent = 0
        self.inflight = 0
        self.complete_until = 0.0
        self.last_line = ""
        self._outcomes: list[Outcome] = []
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, plan: Plan) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "chaosproof.load.workers.worker_process",
            str(self.index),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            limit=_LINE_BYTES_MAX,
            # Ctrl-C on a terminal goes to the whole foreground group; the parent decides when to stop.
            start_new_session=True,
        )
        self.send_line(json.dumps(plan.to_dict()))

    def send_line(self, line: str) -> None:
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(line.encode() + b"\n")

    async def ready(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        await self._process.stdout.readline()

    async def read_batch(self) -> bool:
        """Read the worker's next line; False when there is none any more."""
        assert self._process is not None and self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line.endswith(b"\n"):
            self.complete_until = float("inf")
            self.inflight = 0
            return False
        if line == b"ready\n":  # it came after the load had been stopped, or too late
            return True
        batch = json.loads(line)
        self.due, self.sent, self.inflight = batch["due"], batch["sent"], batch["inflight"]
        self._outcomes.extend(Outcome(*values) for values in batch["outcomes"])
        self.complete_until = batch["until"]
        return True

    def take(self, until: float) -> list[Outcome]:
        """The outcomes of requests that ended up to `until`; they are in that order."""
        count = bisect_right(self._outcomes, until, key=attrgetter("done"))
        taken, self._outcomes = self._outcomes[:count], self._outcomes[count:]
        return taken

    async def end(self) -> int:
        assert self._process is not None and self._process.stderr is not None
        text = (await self._process.stderr.read()).decode(errors="replace").strip()
        self.last_line = text.splitlines()[-1] if text else "it said nothing"
        return await self._process.wait()
