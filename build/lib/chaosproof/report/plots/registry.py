"""Finds the plots: every file of this folder that holds a `PLOT`."""

import importlib
import pkgutil
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chaosproof.json_access import number, sequence
from chaosproof.report import plots
from chaosproof.report.plots.base import Figure, Plot, PlotRun

__all__ = ["Plots", "all_plots", "draw_plots"]

_OWN = ("base", "registry")


@dataclass(frozen=True)
class Plots:
    """What the page draws: each plot with its rows of `(number among all figures, id in the document, figure)`, the
    data of the figures for report.js, and whether there is a fault.
    """

    drawn: Sequence[tuple[Plot, Sequence[Sequence[tuple[int, str, Figure]]]]]
    data: Sequence[dict[str, Any]]
    whole_s: float
    has_fault: bool


def all_plots() -> list[Plot]:
    """Every plot, in the order of the page."""
    names = [module.name for module in pkgutil.iter_modules(plots.__path__) if module.name not in _OWN]
    every = [importlib.import_module(f"{plots.__name__}.{name}").PLOT for name in names]
    return sorted(every, key=lambda plot: plot.order)


def draw_plots(runs: Sequence[PlotRun], plots: Sequence[Plot] | None = None) -> Plots | None:
    """The figures of all plots for these runs; None when no request was recorded, so that there is nothing to draw."""
    if not any(run.timeline.get("slots") for run in runs):
        return None
    drawn = []
    figures: list[Figure] = []
    for plot in all_plots() if plots is None else plots:
        rows = []
        for row in plot.draw(runs):
            rows.append([(n, _id(plot, figure), figure) for n, figure in enumerate(row, len(figures))])
            figures += row
        if any(rows):
            drawn.append((plot, rows))
    whole_s = max(
        (number(run.timeline.get("slots")) or 0.0) * (number(run.timeline.get("slot_s")) or 0.0)
        for run in runs
    )
    has_fault = any(sequence(run.timeline.get("faults")) for run in runs)
    return Plots(drawn, [_data(figure) for figure in figures], whole_s, has_fault)


def _id(plot: Plot, figure: Figure) -> str:
    """An id that holds no space: an instance's name may hold anything."""
    parts = ("plot", plot.kind, figure.run, figure.instance)
    return re.sub(r"[^\w-]", "_", "-".join(str(part) for part in parts if part is not None))


def _data(figure: Figure) -> dict[str, Any]:
    """What report.js needs of the figure; the texts stand in the page."""
    shown = asdict(figure)
    for key in ("title", "note", "mode", "run", "instance", "height_px"):
        del shown[key]
    return shown
