"""What a plot is: a function from the timelines of the page's runs to figures, as data.

A plot is one file of this folder that holds `PLOT = Plot(...)`; the registry finds it by itself, and report.js draws
what its figures say. A run's timeline.json is read tolerantly: a plot leaves out what it does not find.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from chaosproof.json_access import mappings, number, sequence, text

__all__ = [
    "Figure",
    "Lane",
    "Plot",
    "PlotRun",
    "Series",
    "Shade",
    "numbers",
    "over_time",
    "padded",
    "shades_of",
    "since_start",
]

Unit = Literal["count", "ms", "ratio"]


@dataclass(frozen=True)
class PlotRun:
    """A run as a plot sees it: its mode, and its timeline.json (docs/run-folder.md)."""

    mode: str
    timeline: Mapping[str, Any]


@dataclass(frozen=True)
class Series:
    """A line or an area. `colour` is a variable of report.css (`c1` to `c8`, `code-ok`, `baseline`, `resilient`);
    `values` has a value, or None, for each x; `gaps` draws the line on over values that are None.
    """

    label: str
    colour: str
    values: Sequence[float | None]
    dashed: bool = False
    gaps: bool = False


@dataclass(frozen=True)
class Shade:
    """A span of time that is shaded (seconds since the first request): a fault, or a planned disturbance."""

    from_s: float
    to_s: float
    label: str
    disturbance: bool


@dataclass(frozen=True)
class Lane:
    """A state of an instance, drawn as a bar below the figure (seconds since the first request)."""

    name: str
    state: str
    from_s: float
    to_s: float
    colour: str
    dark_text: bool


@dataclass(frozen=True)
class Figure:
    """A figure as data. `mode` stands before the title in its colour; `note` says in text what the figure shows.

    `xs` are seconds since the first request, or with `x="percentile"` 1 / (1 - share). `unit` is that of the values.
    `stacked` adds the series up, `stepped` holds a value until the next x, `log` makes the y axis logarithmic;
    the y axis reaches at least to `top`, or is exactly `y_range`. `lanes` is None where the figure has none.
    """

    title: str
    note: str
    unit: Unit
    xs: Sequence[float]
    series: Sequence[Series]
    x: Literal["time", "percentile"] = "time"
    mode: str = ""
    run: int | None = None
    instance: str | None = None
    height_px: int = 200
    stacked: bool = False
    stepped: bool = False
    log: bool = False
    top: float = 0.0
    y_range: tuple[float, float] | None = None
    shades: Sequence[Shade] = ()
    lanes: Sequence[Lane] | None = None


@dataclass(frozen=True)
class Plot:
    """A plot of the page. `draw` gets the runs, a single one or baseline and resilient, and returns rows of figures;
    the figures of a row stand side by side. Plots stand in the order of `order`; `heading` begins a section.
    """

    kind: str
    order: int
    draw: Callable[[Sequence[PlotRun]], Sequence[Sequence[Figure]]]
    heading: str = ""


def numbers(values: Any) -> list[float | None]:
    """The list's numbers; None for what is not a number."""
    return [number(value) for value in sequence(values)]


def since_start(timeline: Mapping[str, Any], instant: float | None) -> float:
    """Seconds from the first request to `instant` (Unix seconds); where it is not known, to the end."""
    start_at = number(timeline.get("start_at")) or 0.0
    end_at = number(timeline.get("end_at")) or start_at
    return (end_at if instant is None else instant) - start_at


def shades_of(timeline: Mapping[str, Any]) -> list[Shade]:
    """The planned disturbances and the faults of a run. A timeline of before there were disturbances has none."""
    spans = [
        (item.get("began_at"), item.get("ended_at"), _disturbance_label(item), True)
        for item in mappings(timeline.get("disturbances"))
    ] + [
        (item.get("applied_at"), item.get("ended_at"), _fault_label(item), False)
        for item in mappings(timeline.get("faults"))
    ]
    return [
        Shade(since_start(timeline, began_at), since_start(timeline, number(end)), label, disturbance)
        for began, end, label, disturbance in spans
        if (began_at := number(began)) is not None
    ]


def over_time(
    runs: Sequence[PlotRun],
    series_of: Callable[[PlotRun], Sequence[Series]],
    title: str,
    note: str,
    unit: Unit,
    **options: Any,
) -> Figure:
    """A figure of all runs, whose series have a value for each step of the run's timeline (`step_s`)."""
    by_run = [(number(run.timeline.get("step_s")) or 1.0, series_of(run)) for run in runs]
    length, step_s = max((len(series.values), step_s) for step_s, lines in by_run for series in lines)
    return Figure(
        title,
        note,
        unit,
        [round(step * step_s, 6) for step in range(length)],
        [padded(series, length) for _, lines in by_run for series in lines],
        stepped=True,
        shades=shades_of(runs[0].timeline),
        **options,
    )


def padded(series: Series, length: int) -> Series:
    """The series with None after its last value, up to `length`."""
    return replace(series, values=[*series.values, *[None] * (length - len(series.values))])


def _fault_label(fault: Mapping[str, Any]) -> str:
    return " on ".join(part for part in (text(fault.get("kind")), text(fault.get("instance"))) if part)


def _disturbance_label(item: Mapping[str, Any]) -> str:
    delay_ms, fail_ratio = number(item.get("delay_ms")), number(item.get("fail_ratio"))
    parts = [
        "" if delay_ms is None else f"{delay_ms:g} ms a call",
        "" if fail_ratio is None else f"{round(100 * fail_ratio, 1):g} % fail",
    ]
    return f"{text(item.get('service'))}: {', '.join(part for part in parts if part)}"
