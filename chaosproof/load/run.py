"""One load from its plan to its end, in this process or in several, and its folder.

The only module that puts the parts together; `worker.py` and `command.py` call it.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from chaosproof.errors import ChaosproofError
from chaosproof.load.cancellation import Cancellation
from chaosproof.load.engine import Engine
from chaosproof.load.file_limit import make_room_for_connections
from chaosproof.load.folder import LoadDone, LoadFolder
from chaosproof.load.plan import Plan
from chaosproof.load.processes import Processes
from chaosproof.load.progress import Progress, Tally
from chaosproof.load.protocols.registry import make_driver
from chaosproof.load.request_recorder import RequestRecorder

__all__ = ["Cancellation", "Watcher", "run_load"]

TICK_S = 0.5

Watcher = Callable[[Progress, Tally], None]


class Sender(Protocol):
    """What sends the requests: an `Engine` in this process, or `Processes`."""

    @property
    def due(self) -> int: ...
    @property
    def sent(self) -> int: ...
    @property
    def inflight(self) -> int: ...
    async def open(self, stop: Cancellation) -> None: ...
    async def run(self, start: float, stop: Cancellation) -> float: ...


async def run_load(
    plan: Plan, out_dir: Path, *, stop: Cancellation, watch: Watcher | None = None, apart: bool = False
) -> LoadDone:
    """Run `plan` and write its folder; `watch` hears every progress row.

    With `apart` the requests are sent from a process of their own even when it is only one, so that nothing
    this process does, such as drawing on a terminal, delays them.

    Raises `ChaosproofError` when the folder could not be written, or when a part of the load broke;
    load-done.json says then that the load is not complete, as it does when `stop` was asked.
    """
    make_driver(plan)  # what only the driver can see is wrong is a wrong call, and leaves no folder behind
    make_room_for_connections(plan.connections)
    epoch = time.time() - time.monotonic()
    folder = LoadFolder(out_dir, plan)
    books = RequestRecorder(model=plan.model, epoch=epoch, add_row=folder.records.add)
    failures: list[ChaosproofError] = []

    def fail(error: ChaosproofError, word: str) -> None:
        failures.append(error)
        stop.ask(word)

    def on_bug(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # Nothing of ours may fail unseen: a load with a broken part is not complete.
        what = f"{context.get('message')}: {context.get('exception')!r}"
        fail(ChaosproofError(f"the load generator broke, please report it: {what}"), "bug")

    def on_ticker_end(ticker: asyncio.Task[None]) -> None:
        if not ticker.cancelled():
            loop.call_exception_handler({"message": "no progress any more", "exception": ticker.exception()})

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(on_bug)
    try:
        sender: Sender
        if apart or plan.processes > 1:
            sender = Processes(plan, books, lambda error: fail(error, "process"))
        else:
            sender = Engine(plan, books)
        await sender.open(stop)
        start = time.monotonic() + 0.01
        ticker = loop.create_task(_tick(folder, books, sender, start, watch, fail))
        ticker.add_done_callback(on_ticker_end)
        stopped = await sender.run(start, stop)
        ended = time.monotonic()
        ticker.cancel()
        await asyncio.wait({ticker})
        if not failures:
            _report(folder, books, sender, start, ended, watch, fail)
    finally:
        # Also when something unforeseen is raised: the rows there are belong to the evidence.
        try:
            folder.close()
        except ChaosproofError as error:
            fail(error, "disk")
    done = _done(plan, books, sender.sent, folder.records.rows, start, stopped, ended, stop.reason)
    folder.finish(done)
    if failures:
        raise failures[0]
    return done


def _done(
    plan: Plan,
    books: RequestRecorder,
    sent: int,
    recorded: int,
    start: float,
    stopped: float,
    ended: float,
    reason: str | None,
) -> LoadDone:
    planned = recorded if plan.planned is None else plan.planned
    # In the closed model slow answers make fewer requests, which is its nature and leaves the load complete.
    as_planned = recorded == books.tally.done and (recorded == planned or plan.model == "closed")
    planned_s = plan.duration_s if reason is None else min(plan.duration_s, stopped - start)
    return LoadDone(
        name=plan.name,
        planned=planned,
        recorded=recorded,
        ok=books.tally.ok,
        errors=books.tally.errors,
        started_at=round(start + books.epoch, 6),
        ended_at=round(ended + books.epoch, 6),
        complete=reason is None and as_planned,
        rate_rps=round(sent / max(books.last_sent - start, planned_s, 1e-3), 3),
        stopped_by=reason,
    )


async def _tick(
    folder: LoadFolder,
    books: RequestRecorder,
    sender: Sender,
    start: float,
    watch: Watcher | None,
    fail: Callable[[ChaosproofError, str], None],
) -> None:
    """Twice a second: rows to disk, and a progress row."""
    ticks = 0
    while True:
        ticks += 1
        # a millisecond more: uvloop cuts a wait to whole ones, and a row must not come early
        await asyncio.sleep(start + ticks * TICK_S - time.monotonic() + 0.001)
        _report(folder, books, sender, start, time.monotonic(), watch, fail)


def _report(
    folder: LoadFolder,
    books: RequestRecorder,
    sender: Sender,
    start: float,
    now: float,
    watch: Watcher | None,
    fail: Callable[[ChaosproofError, str], None],
) -> None:
    progress = books.tally.interval(
        at=now + books.epoch, t_s=now - start, due=sender.due, sent=sender.sent, inflight=sender.inflight
    )
    try:
        folder.records.flush()
        folder.add_progress(progress)
    except ChaosproofError as error:
        fail(error, "disk")
    if watch is not None:
        watch(progress, books.tally)
