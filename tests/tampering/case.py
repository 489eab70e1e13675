"""A tampering case: one way to fake or spoil a run, a pair or a pack, and the row that must answer."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["FAIL", "UNKNOWN", "Case", "Level", "Table", "cases_of"]

FAIL, UNKNOWN = "fail", "unknown"
Level = Literal["run", "pair", "pack"]
# check -> what is done -> the status it must have, the function that does it, and the mode of the run (resilient)
Table = Mapping[str, Mapping[str, tuple[Any, ...]]]


@dataclass(frozen=True)
class Case:
    """`mutate` changes the subject in place: a run, a pair or a pack; `check` must see it, with `status`."""

    id: str
    level: Level
    check: str
    status: str
    mutate: Callable[[Any], object]
    mode: str = "resilient"


def cases_of(level: Level, table: Table) -> Iterator[Case]:
    """The rows of a table, in its order."""
    for check, rows in table.items():
        for id, (status, mutate, *mode) in rows.items():
            yield Case(id, level, check, status, mutate, *mode)
