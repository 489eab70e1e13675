"""Runs a load from its plan to its end, in this process or in several, and writes its folder.

The only module that puts the parts together; `generator.py` and the command `chaosproof load` call it.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError
from chaosproof.load.cancellation import Cancellation
from chaosproof.load.plan import Plan
from chaosproof.load.protocols.registry import make_driver
from chaosproof.load.recording.folder import LoadFolder
from chaosproof.load.recording.request_recorder import RequestRecorder
from chaosproof.load.recording.tally import Tally
from chaosproof.load.share_sender import ShareSender
from chaosproof.load.workers.process_setup import raise_file_limit
from chaosproof.load.workers.worker_pool import WorkerPool
from chaosproof.runfolder.load import LoadDone, LoadProgress

__all__ = ["ProgressListener", "run_load"]

_PROGRESS_EVERY_S = 0.5

ProgressListener = Callable[[LoadProgress, Tally], None]
_Sender = ShareSender | WorkerPool


async def run_load(
    plan: Plan,
    out_dir: Path,
    *,
    cancellation: Cancellation,
    public: Mapping[str, Any] | None = None,
    on_progress: ProgressListener | None = None,
    separate_process: bool = False,
) -> LoadDone:
    """Run `plan` and write its folder; `on_progress` is called with every progress row. `public` is the
    plan as it is written down, where secrets were taken out of it.

    With `separate_process` the requests are sent from a process of their own even when it is only one, so that nothing
    this process does, such as drawing on a terminal, delays them.

    Raises `ChaosproofError` when the folder could not be written, or when a part of the load broke; load-done.json
    records then that the load is not complete, as it does after a cancellation.
    """
    make_driver(plan)  # what only the driver can see is wrong is a wrong call, and leaves no folder behind
    raise_file_limit(plan.connections)
    load = _Load(plan, LoadFolder(out_dir, plan, public), cancellation, on_progress)
    asyncio.get_running_loop().set_exception_handler(load.on_bug)
    return await load.run(separate_process or plan.processes > 1)


class _Load:
    """A load that runs: its folder, its counts, and the first failure of any of its parts."""

    def __init__(
        self, plan: Plan, folder: LoadFolder, cancellation: Cancellation, on_progress: ProgressListener | None
    ) -> None:
        self._plan = plan
        self._cancellation = cancellation
        self._on_progress = on_progress
        self._failures: list[ChaosproofError] = []
        self._folder = folder
        epoch = time.time() - time.monotonic()
        self.recorder = RequestRecorder(model=plan.model, epoch=epoch, add_row=self._folder.rows.add)

    def fail(self, error: ChaosproofError, reason: str) -> None:
        """End the load because a part of it failed; `reason` becomes its `stopped_by`."""
        self._failures.append(error)
        self._cancellation.cancel(reason)

    def on_bug(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # Nothing of ours may fail unseen: a load with a broken part is not complete.
        what = f"{context.get('message')}: {context.get('exception')!r}"
        self.fail(ChaosproofError(f"the load generator broke, please report it: {what}"), "bug")

    async def run(self, in_workers: bool) -> LoadDone:
        """Send the requests, write the folder; raises the first failure."""
        loop = asyncio.get_running_loop()

        def on_reporting_end(reporting: asyncio.Task[None]) -> None:
            if not reporting.cancelled():
                context = {"message": "no progress any more", "exception": reporting.exception()}
                loop.call_exception_handler(context)

        try:
            sender: _Sender
            if in_workers:
                sender = WorkerPool(self._plan, self.recorder, lambda error: self.fail(error, "process"))
            else:
                sender = ShareSender(self._plan, self.recorder.add)
            await sender.open(self._cancellation)
            start = time.monotonic() + 0.01
            reporting = loop.create_task(self._report_regularly(sender, start))
            reporting.add_done_callback(on_reporting_end)
            sending_ended = await sender.run(start, self._cancellation)
            ended = time.monotonic()
            reporting.cancel()
            await asyncio.wait({reporting})
            if not self._failures:
                self._report(sender, start, ended)
        finally:
            # Also when something unforeseen is raised: the rows there are belong to the evidence.
            try:
                self._folder.close()
            except ChaosproofError as error:
                self.fail(error, "disk")
        done = self._done(sender.sent, start, sending_ended, ended)
        self._folder.finish(done)
        if self._failures:
            raise self._failures[0]
        return done

    def _done(self, sent: int, start: float, sending_ended: float, ended: float) -> LoadDone:
        plan, recorder, reason = self._plan, self.recorder, self._cancellation.reason
        recorded = self._folder.rows.count
        planned = recorded if plan.planned is None else plan.planned
        # In the closed model slow responses make fewer requests, which is its nature and leaves the load complete.
        as_planned = recorded == recorder.tally.done and (recorded == planned or plan.model == "closed")
        planned_s = plan.duration_s if reason is None else min(plan.duration_s, sending_ended - start)
        return LoadDone(
            name=plan.name,
            planned=planned,
            recorded=recorded,
            ok=recorder.tally.ok,
            errors=recorder.tally.errors,
            started_at=round(start + recorder.epoch, 6),
            ended_at=round(ended + recorder.epoch, 6),
            complete=reason is None and as_planned,
            rate_rps=round(sent / max(recorder.last_sent - start, planned_s, 1e-3), 3),
            stopped_by=reason,
        )

    async def _report_regularly(self, sender: _Sender, start: float) -> None:
        """Twice a second: rows to disk, and a progress row."""
        reports = 0
        while True:
            reports += 1
            # a millisecond more: uvloop cuts a wait to whole ones, and a row must not come early
            await asyncio.sleep(start + reports * _PROGRESS_EVERY_S - time.monotonic() + 0.001)
            self._report(sender, start, time.monotonic())

    def _report(self, sender: _Sender, start: float, now: float) -> None:
        tally = self.recorder.tally
        progress = tally.interval(
            at=now + self.recorder.epoch,
            t_s=now - start,
            due=sender.due,
            sent=sender.sent,
            inflight=sender.inflight,
        )
        try:
            self._folder.rows.flush()
            self._folder.add_progress(progress)
        except ChaosproofError as error:
            self.fail(error, "disk")
        if self._on_progress is not None:
            self._on_progress(progress, tally)
