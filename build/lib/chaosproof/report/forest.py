"""Two intervals over each other on one scale, as the positions of a small drawing: baseline above, resilient below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaosproof.experiment.modes import MODES
from chaosproof.json_access import mapping, number, sequence, text
from chaosproof.report.quantities import figure

__all__ = ["Forest", "ForestRow", "forest"]

WIDTH, _ROW, _MARGIN = 240, 16, 6


@dataclass(frozen=True)
class ForestRow:
    """The marks of a mode: x positions in the drawing's own unit; None where the value is not known."""

    mode: str
    y: int
    value: float | None
    low: float | None
    high: float | None
    runs: Sequence[float]


@dataclass(frozen=True)
class Forest:
    """The drawing of a row of `effects`: its text, where 0 lies, and the marks."""

    label: str
    zero: float
    rows: Sequence[ForestRow]


def forest(row: Mapping[str, Any]) -> Forest:
    """The drawing of a row of `effects`; the runs' own values are dots where there are several."""
    unit = text(row.get("unit"))
    known = {
        mode: [number(mapping(row.get(mode)).get(key)) for key in ("value", "low", "high")] for mode in MODES
    }
    runs = {mode: _runs(row, mode) for mode in MODES}
    ends = [end for mode in MODES for end in (*known[mode], *runs[mode]) if end is not None]
    least, most = min([0.0, *ends]), max([0.0, *ends])
    width = most - least if most > least else 1.0

    def x(value: float) -> float:
        return _MARGIN + (value - least) / width * (WIDTH - 2 * _MARGIN)

    rows = []
    for place, mode in enumerate(MODES):
        value, low, high = (None if end is None else x(end) for end in known[mode])
        rows.append(ForestRow(mode, _ROW * place + 9, value, low, high, [x(run) for run in runs[mode]]))
    return Forest(", ".join(f"{mode} {figure(known[mode][0], unit)}" for mode in MODES), x(0.0), rows)


def _runs(row: Mapping[str, Any], mode: str) -> Sequence[float]:
    values = [number(value) for value in sequence(mapping(row.get("runs")).get(mode))]
    known = [value for value in values if value is not None]
    return known if len(known) > 1 else []
