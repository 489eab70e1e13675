"""The share of the requests that failed, second by second."""

from collections.abc import Sequence

from chaosproof.json_access import at
from chaosproof.report.plots.base import Figure, Plot, PlotRun, Series, numbers, over_time

__all__ = ["PLOT"]


def draw(runs: Sequence[PlotRun]) -> list[list[Figure]]:
    def series_of(run: PlotRun) -> list[Series]:
        label = run.mode if len(runs) > 1 else "all requests"
        return [Series(label, run.mode or "c4", numbers(at(run.timeline, "errors", "ratio")))]

    note = "The share of the requests due in each second that failed."
    return [[over_time(runs, series_of, "Failed requests", note, "ratio", top=0.01, height_px=170)]]


PLOT = Plot("errors", order=20, draw=draw)
