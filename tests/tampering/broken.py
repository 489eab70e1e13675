"""Activities and a control that are broken, for experiments of liars to name."""

from typing import Any

from chaoslib.types import Configuration, Experiment, Journal, Secrets

from chaosproof.controls.session import before_experiment_control

__all__ = ["after_experiment_control", "before_experiment_control", "raises"]


def raises(configuration: Configuration = None) -> Any:
    """Raise what no activity should."""
    raise RuntimeError("this activity is broken")


def after_experiment_control(
    context: Experiment, state: Journal, configuration: Configuration = None, secrets: Secrets = None
) -> None:
    """The session's control, if it crashed at its very first word at the end of a run."""
    raise RuntimeError("this control is broken")
