"""A control of the shop's team: notes in the journal when each activity ended, and who was on call."""

from __future__ import annotations

import time
from typing import Any

__all__ = ["after_activity_control", "after_experiment_control", "before_experiment_control"]


def before_experiment_control(context: dict[str, Any], on_call: str = "nobody", **kwargs: Any) -> None:
    context["x-on-call"] = on_call


def after_activity_control(context: dict[str, Any], state: dict[str, Any], **kwargs: Any) -> None:
    state["x-noted-at"] = round(time.time(), 3)


def after_experiment_control(context: dict[str, Any], state: dict[str, Any], **kwargs: Any) -> None:
    state["x-activities"] = len(state.get("run", []))
