"""A difference between a pack and what its raw files lead to, and how a value is quoted in it."""

import json
from dataclasses import dataclass
from typing import Any

__all__ = ["JUDGED_AGAIN", "Difference", "short"]

JUDGED_AGAIN = "INFO_JUDGED_AGAIN"
"""The row on whether a run reads as it did when it was judged: another version may say its sentences otherwise."""
_QUOTED_MAX = 120


@dataclass(frozen=True)
class Difference:
    """What is not as the pack says: where, and in words. `only_words`: the same answer in other words. `by_version`:
    what another version of chaosproof may write otherwise, or what this one cannot make again.
    """

    place: str
    message: str
    only_words: bool = False
    by_version: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


def short(value: Any) -> str:
    """A value as JSON, cut where it is long."""
    try:
        message = json.dumps(value)
    except RecursionError:
        return "something nested too deep to be shown"
    return message if len(message) <= _QUOTED_MAX else message[:_QUOTED_MAX] + "..."
