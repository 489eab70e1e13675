"""What a benchmark found, against what it has to find: plain data, and the words for it."""

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Limit", "Outcome", "percentile_us", "text_of"]


@dataclass(frozen=True)
class Limit:
    """A bound on one of a benchmark's figures: `at_most` or `at_least`, the other is None."""

    figure: str
    at_most: float | None = None
    at_least: float | None = None

    def holds(self, value: float) -> bool:
        if self.at_most is not None and value > self.at_most:
            return False
        return self.at_least is None or value >= self.at_least

    def __str__(self) -> str:
        word, bound = ("at least", self.at_least) if self.at_most is None else ("at most", self.at_most)
        return f"{self.figure} {word} {bound:,g}"


@dataclass(frozen=True)
class Outcome:
    """A benchmark's figures, named with their unit, and its limits. `error` is why it could not be run."""

    name: str
    workload: str
    figures: Mapping[str, float] = field(default_factory=dict)
    limits: Sequence[Limit] = ()
    notes: Sequence[str] = ()
    error: str = ""

    @property
    def exit_code(self) -> int:
        """0 within all limits, 1 not, 2 not measured."""
        if self.error:
            return 2
        return 0 if all(limit.holds(self.figures[limit.figure]) for limit in self.limits) else 1


def percentile_us(ordered_ns: "Sequence[int] | array[int]", percent: float) -> float:
    """The nearest-rank percentile of ascending latencies in ns; in microseconds."""
    rank = max(1, math.ceil(len(ordered_ns) * percent / 100))
    return round(ordered_ns[rank - 1] / 1000, 1)


def text_of(outcome: Outcome) -> str:
    """The text file of a benchmark."""
    lines = [outcome.name, outcome.workload, ""]
    if outcome.error:
        lines.append(f"could not be run: {outcome.error}")
    width = max((len(name) for name in outcome.figures), default=0)
    lines += [f"{name:<{width}}  {value:>14,.6g}" for name, value in outcome.figures.items()]
    lines += ["", *outcome.notes] if outcome.notes else []
    if outcome.limits and not outcome.error:
        lines.append("")
        lines += [
            f"{'pass' if limit.holds(outcome.figures[limit.figure]) else 'FAIL'}  {limit}"
            for limit in outcome.limits
        ]
    return "\n".join(lines) + "\n"
