"""How busy the worker of each instance was, as Prometheus sampled it."""

from collections.abc import Mapping, Sequence
from typing import Any

from chaosproof.json_access import mappings, text
from chaosproof.report.plots.base import Figure, Plot, PlotRun, Series, numbers, shades_of, since_start

__all__ = ["PLOT"]

_COLOURS = ("c4", "c2", "c3", "c5", "c1", "c6")


def draw(runs: Sequence[PlotRun]) -> list[list[Figure]]:
    return [
        [
            _figure(run, place, many=len(runs) > 1)
            for place, run in enumerate(runs)
            if mappings(run.timeline.get("lines"))
        ]
    ]


def _figure(run: PlotRun, place: int, *, many: bool) -> Figure:
    lines = [line for line in mappings(run.timeline.get("lines")) if line.get("label") == "busy"]
    samples = [_samples(line) for line in lines]
    instants = sorted({instant for values in samples for instant in values})
    return Figure(
        "how busy" if many else "How busy",
        "The share of each second that the worker of an instance worked.",
        "ratio",
        [since_start(run.timeline, instant) for instant in instants],
        [
            Series(
                text(line.get("instance")),
                _COLOURS[n % len(_COLOURS)],
                [values.get(instant) for instant in instants],
                gaps=True,
            )
            for n, (line, values) in enumerate(zip(lines, samples, strict=True))
        ],
        mode=run.mode if many else "",
        run=place,
        height_px=160,
        y_range=(0, 1),
        shades=shades_of(run.timeline),
    )


def _samples(line: Mapping[str, Any]) -> dict[float, float | None]:
    instants, values = numbers(line.get("at")), numbers(line.get("values"))
    return {at: value for at, value in zip(instants, values, strict=False) if at is not None}


PLOT = Plot("busy", order=60, draw=draw, heading="Where the requests went")
