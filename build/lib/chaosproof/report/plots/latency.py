"""Percentiles of the latency, second by second."""

from collections.abc import Sequence

from chaosproof.json_access import at
from chaosproof.report.plots.base import Figure, Plot, PlotRun, Series, numbers, over_time

__all__ = ["PLOT"]

# label, key of the timeline, colour, dashed
_OF_ONE_RUN = (
    ("median", "p50_ms", "c4", False),
    ("95 %", "p95_ms", "c5", False),
    ("99 %", "p99_ms", "c2", False),
    ("longest", "max_ms", "c1", True),
)
_OF_EACH_MODE = (("99 %", "p99_ms", "", False), ("median", "p50_ms", "", True))


def draw(runs: Sequence[PlotRun]) -> list[list[Figure]]:
    single = len(runs) == 1

    def series_of(run: PlotRun) -> list[Series]:
        return [
            Series(
                label if single else f"{run.mode} {label}",
                colour or run.mode,
                numbers(at(run.timeline, "latency", key)),
                dashed,
            )
            for label, key, colour, dashed in (_OF_ONE_RUN if single else _OF_EACH_MODE)
        ]

    note = "Percentiles of the requests due in each second, failed ones too; the scale is logarithmic."
    return [[over_time(runs, series_of, "Latency over time", note, "ms", log=True, height_px=230)]]


PLOT = Plot("latency", order=30, draw=draw)
