"""Two intervals, one over the other on one scale, as a small drawing: baseline above, resilient below."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from chaosproof.experiment.modes import MODES
from chaosproof.json_access import number, sequence
from chaosproof.report.quantities import figure

__all__ = ["forest"]

_WIDTH, _ROW = 240, 16


def forest(row: Mapping[str, Any]) -> str:
    """The SVG of one row of `effects`; the runs' own values are dots where there are several."""
    unit = str(row.get("unit"))
    drawn = [(mode, _known(row.get(mode)), _runs(row, mode)) for mode in MODES]
    ends = [
        end for _, (value, low, high), runs in drawn for end in (value, low, high, *runs) if end is not None
    ]
    least, most = min([0.0, *ends]), max([0.0, *ends])
    if most <= least:
        most = least + 1.0

    def x(value: float) -> str:
        return f"{6 + (value - least) / (most - least) * (_WIDTH - 12):.1f}"

    marks: list[str] = []
    for place, (mode, (value, low, high), runs) in enumerate(drawn):
        y = _ROW * place + 9
        ink = f'stroke="var(--{mode})" fill="var(--{mode})"'
        if low is not None and high is not None:
            marks.append(f'<line x1="{x(low)}" x2="{x(high)}" y1="{y}" y2="{y}" stroke-width="3" {ink}/>')
        marks += [
            f'<circle cx="{x(run)}" cy="{y}" r="2" fill-opacity=".5" stroke="none" fill="var(--{mode})"/>'
            for run in runs
        ]
        if value is not None:
            marks.append(f'<circle cx="{x(value)}" cy="{y}" r="4.5" {ink}/>')
    said = ", ".join(f"{mode} {figure(value, unit)}" for mode, (value, _, _), _ in drawn)
    return (
        f'<svg class="forest" viewBox="0 0 {_WIDTH} 34" preserveAspectRatio="xMinYMid" role="img" '
        f'aria-label="{escape(said)}">'
        f'<line x1="{x(0.0)}" x2="{x(0.0)}" y1="0" y2="34" stroke="var(--line)"/>{"".join(marks)}</svg>'
    )


def _known(interval: Any) -> tuple[float | None, float | None, float | None]:
    if not isinstance(interval, Mapping):
        return None, None, None
    return number(interval.get("value")), number(interval.get("low")), number(interval.get("high"))


def _runs(row: Mapping[str, Any], mode: str) -> Sequence[float]:
    runs = row.get("runs")
    values = (
        [v for v in (number(one) for one in sequence(runs.get(mode))) if v is not None]
        if isinstance(runs, Mapping)
        else []
    )
    return values if len(values) > 1 else []
