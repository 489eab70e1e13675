"""The requests by code, slot by slot, with the states of the instances below."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from chaosproof.json_access import mappings, number, text, whole
from chaosproof.report.plots.base import Figure, Lane, Plot, PlotRun, Series, numbers, shades_of, since_start
from chaosproof.report.quantities import figure as in_words

__all__ = ["PLOT", "instances_of", "requests_figure"]

# a code has the same colour on every page
_COLOURS = {
    "UNAVAILABLE": "c1",
    "CIRCUIT_OPEN": "c2",
    "DEADLINE_EXCEEDED": "c3",
    "QUEUE_FULL": "c4",
    "UNKNOWN": "c6",
    "TIMEOUT": "c7",
    "BACKEND_ERROR": "c8",
}


def draw(runs: Sequence[PlotRun]) -> list[list[Figure]]:
    top = max(_peak(_codes(run.timeline, None)) for run in runs)
    slot = in_words(1000 * (number(runs[0].timeline.get("slot_s")) or 0.1), "ms")
    mode_of = (lambda run: run.mode) if len(runs) > 1 else (lambda run: "")
    title = f"{'requests' if len(runs) > 1 else 'Requests'} per {slot}, by code"
    return [
        [requests_figure(run, place, title, _totals(run.timeline), mode=mode_of(run), top=top, height_px=210)]
        for place, run in enumerate(runs)
    ]


def requests_figure(
    run: PlotRun, place: int, title: str, note: str, *, instance: str | None = None, **options: Any
) -> Figure:
    """The requests that `instance` answered, or all of them; `place` is the run's among those of the page."""
    timeline = run.timeline
    slots, slot_s = whole(timeline.get("slots")) or 0, number(timeline.get("slot_s")) or 0.1
    return Figure(
        title,
        note,
        "count",
        [round(slot * slot_s, 6) for slot in range(slots)],
        _codes(timeline, instance),
        run=place,
        instance=instance,
        stacked=True,
        stepped=True,
        shades=shades_of(timeline),
        lanes=_lanes(timeline, instance),
        **options,
    )


def instances_of(timeline: Mapping[str, Any]) -> list[str]:
    """The instances that answered requests, by name."""
    return sorted({text(row.get("instance")) for row in mappings(timeline.get("requests"))})


def instance_peak(run: PlotRun) -> float:
    """The most requests that an instance of the run answered in a slot."""
    return max((_peak(_codes(run.timeline, name)) for name in instances_of(run.timeline)), default=1.0)


def _codes(timeline: Mapping[str, Any], instance: str | None) -> list[Series]:
    """A series for each code: the successful ones first, then by name."""
    totals: dict[tuple[bool, str], list[float]] = {}
    for row in mappings(timeline.get("requests")):
        if instance is None or row.get("instance") == instance:
            key = (not row.get("ok"), text(row.get("code")))
            counts = [value or 0.0 for value in numbers(row.get("counts"))]
            known = totals.get(key)
            totals[key] = counts if known is None else [a + b for a, b in zip(known, counts, strict=False)]
    spare = count(4)
    return [
        Series(
            code,
            _COLOURS.get(code) or f"c{next(spare) % 8 + 1}" if failed else "code-ok",
            [int(value) for value in values],
        )
        for (failed, code), values in sorted(totals.items())
    ]


def _peak(series: Sequence[Series]) -> float:
    return max(
        [1.0, *(sum(v or 0 for v in values) for values in zip(*(s.values for s in series), strict=False))]
    )


def _totals(timeline: Mapping[str, Any]) -> str:
    """How many of each code, for those who do not see the figure."""
    totals: Counter[str] = Counter()
    for row in mappings(timeline.get("requests")):
        totals[text(row.get("code"))] += int(sum(v or 0 for v in numbers(row.get("counts"))))
    return f"{', '.join(f'{total:,} {code}' for code, total in totals.most_common())}."


def _lanes(timeline: Mapping[str, Any], instance: str | None) -> list[Lane]:
    lanes = []
    for band in mappings(timeline.get("bands")):
        if instance is None or band.get("instance") == instance:
            breaker, state = band.get("of") == "breaker", text(band.get("state"))
            lanes.append(
                Lane(
                    f"{text(band.get('instance'))} {text(band.get('of'))}",
                    state,
                    since_start(timeline, number(band.get("from_at"))),
                    since_start(timeline, number(band.get("to_at"))),
                    ("c2" if state == "open" else "c5") if breaker else "c7",
                    dark_text=breaker,
                )
            )
    return lanes


PLOT = Plot("requests", order=10, draw=draw)
