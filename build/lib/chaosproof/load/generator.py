"""The load generator as a program of its own: a target starts it as a job, beside the services.

SIGTERM and SIGINT end the load early and truthfully: what is in flight gets a second, load-done.json says
`complete: false` and what stopped it. Exit codes: 0 ran as planned, 2 did not, 64 wrong call or plan.

Try: python -m chaosproof.load.generator --plan load-plan.json --out DIR
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from chaosproof.errors import ChaosproofError
from chaosproof.load.cancellation import Cancellation
from chaosproof.load.plan import Plan
from chaosproof.load.plan_reader import plan_from_dict, read_plan_file
from chaosproof.load.public_plan import HIDDEN, put_back
from chaosproof.load.run import ProgressListener, run_load
from chaosproof.load.workers.process_setup import keep_garbage_collection_short, loop_factory
from chaosproof.runfolder.load import LoadDone

__all__ = ["main", "run_to_end"]


def main(arguments: list[str] | None = None) -> int:
    """Run the load of a plan file; returns the exit code."""
    parser = _Parser(prog="python -m chaosproof.load.generator", description="Run one load plan.")
    parser.add_argument("--plan", type=Path, required=True, help="a load-plan.json")
    parser.add_argument("--out", type=Path, required=True, help="the folder for the load's files")
    options = parser.parse_args(arguments)
    try:
        public = read_plan_file(options.plan)
        plan = plan_from_dict(put_back(public, os.environ))
        os.environ.pop(HIDDEN, None)  # what it starts itself need not know
        done = run_to_end(plan, options.out, public=public)
    except ChaosproofError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    if not done.complete:
        reason = f"was stopped by {done.stopped_by}" if done.stopped_by else "did not run as planned"
        print(f"the load {done.name} {reason}: {done.recorded} of {done.planned} requests", file=sys.stderr)
        return 2
    return 0


def run_to_end(
    plan: Plan,
    out_dir: Path,
    *,
    public: Mapping[str, Any] | None = None,
    on_progress: ProgressListener | None = None,
    separate_process: bool = False,
) -> LoadDone:
    """Run `plan` in an event loop of its own, which signals can end; for the main thread of a process.

    `public` as in `run_load`.
    """

    async def whole() -> LoadDone:
        cancellation = Cancellation()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, cancellation.cancel, number.name)
        return await run_load(
            plan,
            out_dir,
            cancellation=cancellation,
            public=public,
            on_progress=on_progress,
            separate_process=separate_process,
        )

    keep_garbage_collection_short()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        return runner.run(whole())


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(64, f"{self.prog}: {message}\n")


if __name__ == "__main__":
    sys.exit(main())
