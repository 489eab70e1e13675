"""A guard of the shop's team: stops the run before a named activity, as on a day on which nobody is there."""

from __future__ import annotations

from typing import Any

from chaoslib.exceptions import InterruptExecution

__all__ = ["before_activity_control"]


def before_activity_control(context: dict[str, Any], before: str = "", **kwargs: Any) -> None:
    if context.get("name") == before:
        raise InterruptExecution(f"nobody of the team is there: {before} has to wait")
