"""The requests by code of each instance, side by side."""

from collections.abc import Sequence

from chaosproof.report.plots.base import Figure, Plot, PlotRun
from chaosproof.report.plots.requests import instance_peak, instances_of, requests_figure

__all__ = ["PLOT"]


def draw(runs: Sequence[PlotRun]) -> list[list[Figure]]:
    top = max(instance_peak(run) for run in runs)
    return [
        [
            requests_figure(
                run,
                place,
                name,
                f"Requests that {name} answered.",
                instance=name,
                mode=run.mode if len(runs) > 1 else "",
                top=top,
                height_px=140,
            )
            for name in instances_of(run.timeline)
        ]
        for place, run in enumerate(runs)
    ]


PLOT = Plot("requests", order=50, draw=draw, heading="Each instance")
