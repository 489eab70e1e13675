"""The session is to be among an experiment's controls once, and at both ends."""

from collections.abc import Mapping
from typing import Any

from chaoslib.control import get_global_controls
from chaoslib.exceptions import InterruptExecution

from chaosproof.experiment.method_actions import provider_module
from chaosproof.json_access import mappings

__all__ = ["refuse_other_than_once"]

_MODULE = "chaosproof.controls.session"


def refuse_other_than_once(experiment: Mapping[str, Any]) -> None:
    """Raise `InterruptExecution`, before anything is started, for two sessions, or for one that would not end."""
    listed = [
        control
        for control in (*mappings(experiment.get("controls")), *mappings(get_global_controls()))
        if provider_module(control) == _MODULE
    ]
    if len(listed) > 1:
        raise InterruptExecution(
            f"The control {_MODULE} is listed {len(listed)} times, and each would start a system and judge it: "
            "list it once, in the experiment's `controls` or in the settings of Chaos Toolkit."
        )
    if any(control.get("scope") for control in listed):
        raise InterruptExecution(
            f"The control {_MODULE} has a `scope`, so the session would not both begin and end: leave `scope` out."
        )
