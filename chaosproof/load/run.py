"""One load from its plan to its end: opens the pool, starts the model, keeps the books, writes the folder.

The only module that puts the parts together; `worker.py` and `command.py` call it.
"""

import asyncio
import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError
from chaosproof.load.closed_model import ClosedModel
from chaosproof.load.drivers import make_driver
from chaosproof.load.folder import LoadDone, LoadFolder
from chaosproof.load.limits import make_room_for_connections
from chaosproof.load.open_model import OpenModel
from chaosproof.load.plan import Plan
from chaosproof.load.progress import Progress, Tally
from chaosproof.load.record import encode_row
from chaosproof.load.slot import Pool

__all__ = ["Stop", "run_load"]

TICK_S = 0.5
_OPENING_BUDGET_S = 5.0
_GRACE_S = 1.0

Watcher = Callable[[Progress], None]


class Stop:
    """A wish to end a load early; safe to call at any time, from the loop. The second wish does not wait."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.asked = asyncio.Event()
        self.now = asyncio.Event()

    def ask(self, reason: str) -> None:
        """End the load; `reason` is the word that load-done.json will have for it."""
        if self.reason is not None:
            self.now.set()
        else:
            self.reason = reason
            self.asked.set()


class _Books:
    """The ledger of a load: each request's fate becomes a row and a count."""

    def __init__(self, folder: LoadFolder, model: str) -> None:
        # One anchor for the whole load: a wall clock that is stepped in the middle does not tear the records.
        self.epoch = time.time() - time.monotonic()
        self.tally = Tally()
        self.last_sent = 0.0
        self._records = folder.records
        self._from_due = model == "open"

    def add(
        self,
        seq: int,
        due: float,
        sent: float | None,
        done: float,
        status: int,
        code: str,
        instance: str,
        attempts: int,
    ) -> None:
        epoch = self.epoch
        if sent is None:
            row = encode_row(seq, due + epoch, None, done + epoch, status, code, instance, attempts)
            latency_s = done - due
        else:
            row = encode_row(seq, due + epoch, sent + epoch, done + epoch, status, code, instance, attempts)
            latency_s = done - (due if self._from_due else sent)
            self.last_sent = max(self.last_sent, sent)
        self._records.add(row)
        self.tally.add(status, code, latency_s)


async def run_load(plan: Plan, out_dir: Path, *, stop: Stop, watch: Watcher | None = None) -> LoadDone:
    """Run `plan` and write its folder; `watch` hears every progress row.

    Raises `ChaosproofError` when the folder could not be written; load-done.json says then that the load is
    not complete, as it does when `stop` was asked.
    """
    make_room_for_connections(plan.connections)
    driver = make_driver(plan)
    folder = LoadFolder(out_dir, plan)
    books = _Books(folder, plan.model)
    pool = Pool(driver, plan.connections, plan.timeout_s, books)
    loop = asyncio.get_running_loop()
    failures: list[Exception] = []

    def fail(error: Exception, word: str) -> None:
        failures.append(error)
        stop.ask(word)

    def on_bug(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # Nothing of ours may fail unseen: a load with a broken part is not complete.
        error = context.get("exception")
        fail(ChaosproofError(f"the load generator broke: {context.get('message')}: {error!r}"), "bug")

    loop.set_exception_handler(on_bug)
    opening = asyncio.ensure_future(pool.open_all(min(_OPENING_BUDGET_S, plan.timeout_s)))
    await _first(opening, stop.asked)
    opening.cancel()
    _still_garbage_collection()

    start = time.monotonic() + 0.01
    model = _model(plan, pool)
    ticker = loop.create_task(_tick(folder, books, pool, model, start, watch, fail))
    running = asyncio.ensure_future(model.run(start))
    await _first(running, stop.asked)
    stopped_at = time.monotonic()
    if not running.done():
        model.stop()
        await _first(running, stop.now, timeout_s=min(_GRACE_S, plan.timeout_s))
    pool.close()
    await running
    ended = time.monotonic()
    ticker.cancel()
    await asyncio.gather(ticker, return_exceptions=True)
    try:
        if not failures:
            folder.add_progress(_progress(books, pool, model, start, ended))
    except ChaosproofError as error:
        fail(error, "disk")
    try:
        folder.close()
    except ChaosproofError as error:
        fail(error, "disk")

    recorded = folder.records.rows
    planned = recorded if plan.planned is None else plan.planned
    tally = books.tally
    planned_s = plan.duration_s if stop.reason is None else min(plan.duration_s, stopped_at - start)
    sending_s = max(books.last_sent - start, planned_s, 1e-3)
    done = LoadDone(
        name=plan.name,
        planned=planned,
        recorded=recorded,
        ok=tally.ok,
        errors=tally.errors,
        started_at=round(start + books.epoch, 6),
        ended_at=round(ended + books.epoch, 6),
        complete=stop.reason is None and (recorded == planned or plan.model == "closed"),
        rate_rps=round(model.sent / sending_s, 3),
        stopped_by=stop.reason,
    )
    folder.finish(done)
    if failures:
        raise failures[0]
    return done


def _model(plan: Plan, pool: Pool) -> OpenModel | ClosedModel:
    if plan.model == "open":
        return OpenModel(lambda: enumerate(plan.offsets()), pool, plan.timeout_s)
    return ClosedModel(
        pool,
        rate_rps=plan.rate_rps,
        planned=plan.planned,
        duration_s=plan.duration_s,
        workers=plan.connections,
    )


async def _first(work: "asyncio.Future[None]", event: asyncio.Event, timeout_s: float | None = None) -> None:
    """Wait for the work's end, for the event, or for the timeout."""
    happened = asyncio.ensure_future(event.wait())
    waited_for: set[asyncio.Future[Any]] = {work, happened}
    await asyncio.wait(waited_for, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    happened.cancel()


async def _tick(
    folder: LoadFolder,
    books: _Books,
    pool: Pool,
    model: OpenModel | ClosedModel,
    start: float,
    watch: Watcher | None,
    fail: Callable[[Exception, str], None],
) -> None:
    """Twice a second: rows to disk, and a progress row."""
    ticks = 0
    while True:
        ticks += 1
        await asyncio.sleep(start + ticks * TICK_S - time.monotonic())
        progress = _progress(books, pool, model, start, time.monotonic())
        try:
            folder.records.flush()
            folder.add_progress(progress)
        except ChaosproofError as error:
            fail(error, "disk")
            return
        if watch is not None:
            watch(progress)


def _progress(
    books: _Books, pool: Pool, model: OpenModel | ClosedModel, start: float, now: float
) -> Progress:
    return books.tally.interval(
        at=now + books.epoch, t_s=now - start, due=model.due, sent=model.sent, inflight=pool.inflight
    )


def _still_garbage_collection() -> None:
    """What lives now lives to the end, and requests make no cycles: collections are made rare and short."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
