"""series.json: what Prometheus recorded during the run, the answer of its range query for the system under test."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from chaosproof.json_access import number, numeral, sequence, text
from chaosproof.runfolder.record import Record, about

__all__ = ["Samples", "Series"]


@dataclass(frozen=True, kw_only=True)
class Samples(Record):
    """One metric with one set of labels, over time."""

    metric: Mapping[str, Any] = about("the labels; `__name__` is the name, `instance` who was asked")
    values: Any = about('the samples, `[[at, "1"], ...]`')

    @property
    def name(self) -> str:
        """The name of the metric."""
        return text(self.metric.get("__name__"))

    @property
    def instance(self) -> str:
        """The instance that has the metric."""
        return text(self.metric.get("instance"))

    @property
    def points(self) -> list[tuple[float, float]]:
        """The samples as `(instant, value)`; what is no number is left out."""
        points: list[tuple[float, float]] = []
        for pair in sequence(self.values):
            if isinstance(pair, list | tuple) and len(pair) == 2:
                # Prometheus writes values as text; NaN and Inf are no values
                instant, value = number(pair[0]), numeral(pair[1])
                if instant is not None and value is not None:
                    points.append((instant, value))
        return points


@dataclass(frozen=True, kw_only=True)
class Series(Record):
    """What Prometheus recorded."""

    FILE: ClassVar[str] = "series.json"

    step_s: float | None = about("the time between two samples")
    start_at: float | None = about("the beginning of the range that was asked for")
    end_at: float | None = about("its end")
    series: tuple[Samples, ...] = about("each metric with each set of its labels")
