"""The latency by percentile: before, during and after the fault, or of both modes."""

from collections.abc import Sequence

from chaosproof.json_access import mapping
from chaosproof.report.plots.base import Figure, Plot, PlotRun, Series, numbers, padded

__all__ = ["PLOT"]

_NOTE = "How long the fastest 50, 90, 99 … % of the requests took at most; the tail is drawn out."


def draw(runs: Sequence[PlotRun]) -> list[list[Figure]]:
    percents: list[float] = []
    series: list[Series] = []
    for run in runs:
        spread = mapping(run.timeline.get("distribution"))
        percents = max(
            percents, [p for p in numbers(spread.get("percents")) if p is not None and p < 100], key=len
        )
        for label, window, colour, dashed in _windows(run, alone=len(runs) == 1):
            if values := numbers(spread.get(window)):
                series.append(Series(label, colour, values, dashed))
    length = max((len(line.values) for line in series), default=0)
    xs = [1 / (1 - percent / 100) for percent in percents[:length]]
    filled = [padded(line, length) for line in series]
    figure = Figure(
        "Latency as a distribution", _NOTE, "ms", xs, filled, x="percentile", log=True, height_px=230
    )
    return [[figure]]


def _windows(run: PlotRun, *, alone: bool) -> list[tuple[str, str, str, bool]]:
    """Label, window of the timeline, colour, dashed."""
    if not alone:
        return [(run.mode, "all", run.mode, False), (f"{run.mode} during the fault", "fault", run.mode, True)]
    if not mapping(run.timeline.get("distribution")).get("fault"):
        return [("all requests", "all", "c4", False)]
    return [
        ("before the fault", "before", "c4", False),
        ("during", "fault", "c1", False),
        ("after", "after", "c5", False),
    ]


PLOT = Plot("distribution", order=40, draw=draw)
