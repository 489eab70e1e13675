"""The load of a lab: waited for, finished, stopped."""

from pathlib import Path
from typing import Any

from chaosproof.runfolder.load import LoadDone
from chaosproof.runner.load.job import finish_load, load_clock_s, stop_load
from chaosproof.targets import Target
from chaosproof.testing.activities import ActivityLog

__all__ = ["MeasuredLoad"]


class MeasuredLoad:
    """A load that runs; every request of it becomes a row of the lab's `requests.csv.gz`."""

    def __init__(self, target: Target, folder: Path, log: ActivityLog) -> None:
        self._target = target
        self._folder = folder
        self._log = log

    def wait_until(self, at_s: float) -> None:
        """Return when it is `at_s` seconds old; `ChaosproofError` when it ends before."""
        load_clock_s(self._target, self._folder, at_s)

    def finish(self) -> dict[str, Any]:
        """Wait until it has ended by itself; returns its totals: `recorded`, `ok`, `errors`, `rate_rps`, ..."""
        with self._log.activity("chaosproof.actions.load", "finish", {}) as entry:
            totals = finish_load(self._target, self._folder)
            entry.output = totals
        return totals

    def stop(self) -> None:
        """End it now, if it runs: a load that was stopped is not what was planned, and no verdict passes over it."""
        if not (self._folder / LoadDone.FILE).exists():
            stop_load(self._target, self._folder)
