"""One load sent by several processes: each has its share of the requests and of the connections.

The children send their rows over a pipe, with the instant up to which they are complete; the parent merges
them in the order in which the requests ended, and keeps the one folder. A child that dies ends the load as
incomplete; a parent that dies ends its children, which see their standard input close.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable

from chaosproof.errors import ChaosproofError
from chaosproof.load.cancellation import Cancellation, first_of
from chaosproof.load.plan import Plan
from chaosproof.load.request_recorder import RequestRecorder

__all__ = ["Processes"]

_STARTING_BUDGET_S = 20.0
_LINE_BYTES_MAX = 1 << 26


class Processes:
    """Sends a plan from `plan.processes` processes. `broken` hears of a process that died."""

    def __init__(self, plan: Plan, books: RequestRecorder, broken: Callable[[ChaosproofError], None]) -> None:
        self._plan = plan
        self._books = books
        self._broken = broken
        self._children = [_Child(index) for index in range(plan.processes)]
        self._recorded = 0

    @property
    def due(self) -> int:
        return sum(child.due for child in self._children)

    @property
    def sent(self) -> int:
        return sum(child.sent for child in self._children)

    @property
    def inflight(self) -> int:
        return sum(child.inflight for child in self._children)

    async def open(self, stop: Cancellation) -> None:
        """Start the processes; return when all have opened their connections, or have had time to."""
        try:
            for child in self._children:
                await child.begin(self._plan)
        except OSError as error:
            raise ChaosproofError(f"cannot start a process of the load: {error.strerror}") from error
        ready = asyncio.gather(*(child.ready() for child in self._children))
        await first_of(ready, stop.asked, timeout_s=_STARTING_BUDGET_S)
        if not ready.done():
            ready.cancel()
            await asyncio.wait({ready})

    async def run(self, start: float, stop: Cancellation) -> float:
        """As `Engine.run`."""
        for child in self._children:
            child.say(f"start {start!r} {self._books.epoch!r}")
        reading = asyncio.gather(*(self._read(child) for child in self._children))
        await first_of(reading, stop.asked)
        stopped = time.monotonic()
        if not reading.done():
            for child in self._children:
                child.say("stop")
            await first_of(reading, stop.at_once)
        if not reading.done():
            for child in self._children:
                child.say("stop")
        await reading
        self._merge(final=True)
        return stopped

    async def _read(self, child: "_Child") -> None:
        while await child.read_batch():
            self._merge(final=False)
        exit_code = await child.end()
        if exit_code != 0:
            self._broken(
                ChaosproofError(
                    f"process {child.index} of the load ended with exit code {exit_code}: {child.last_words}"
                )
            )

    def _merge(self, final: bool) -> None:
        """Enter all rows that no child can precede any more."""
        until = float("inf") if final else min(child.complete_until for child in self._children)
        batch: list[_Row] = []
        for child in self._children:
            batch.extend(child.take(until))
        batch.sort(key=lambda row: row[3])
        renumber = self._plan.model == "closed"
        for seq, due, sent, done, status, code, instance, attempts in batch:
            # In the open model a request has its number from the plan. In the closed one nobody can count
            # over all processes when a request begins: there they are counted as they end.
            number = self._recorded if renumber else seq
            self._books.add(number, due, sent, done, status, code, instance, attempts)
            self._recorded += 1


_Row = tuple[int, float, float | None, float, int, str, str, int]


class _Child:
    """One process of the load, seen from the parent. It speaks lines of JSON, and hears lines of words."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.due = 0
        self.sent = 0
        self.inflight = 0
        self.complete_until = 0.0
        self.last_words = ""
        self._rows: list[_Row] = []
        self._process: asyncio.subprocess.Process | None = None

    async def begin(self, plan: Plan) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "chaosproof.load.worker_process",
            str(self.index),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            limit=_LINE_BYTES_MAX,
            # Ctrl-C on a terminal goes to the whole foreground group; when to stop is the parent's to say.
            start_new_session=True,
        )
        self.say(json.dumps(plan.to_dict()))

    def say(self, line: str) -> None:
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write(line.encode() + b"\n")

    async def ready(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        await self._process.stdout.readline()

    async def read_batch(self) -> bool:
        """Take in what the child says next; False when it says no more."""
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
        self._rows.extend(batch["rows"])
        self.complete_until = batch["until"]
        return True

    def take(self, until: float) -> list[_Row]:
        """The rows that ended up to `until`; they are in that order."""
        rows = self._rows
        if not rows or rows[0][3] > until:
            return []
        if rows[-1][3] <= until:
            self._rows = []
            return rows
        count = next(place for place, row in enumerate(rows) if row[3] > until)
        self._rows = rows[count:]
        return rows[:count]

    async def end(self) -> int:
        assert self._process is not None and self._process.stderr is not None
        words = (await self._process.stderr.read()).decode(errors="replace").strip()
        self.last_words = words.splitlines()[-1] if words else "it said nothing"
        return await self._process.wait()
