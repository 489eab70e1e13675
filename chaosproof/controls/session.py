"""The session around a run: target up, steady load, and afterwards everything saved, then judged.

In an experiment: `"controls": [{"name": "session", "provider": {"type": "python", "module":
"chaosproof.controls.session"}}]`.
"""

from chaoslib.run import EventHandlerRegistry
from chaoslib.types import Configuration, Control, Experiment, Journal, Secrets

from chaosproof.toolkit.command.plain_logs import keep_logs_plain
from chaosproof.toolkit.control import begin_session, close_anyhow, end_session
from chaosproof.toolkit.events import (
    after_activity_control,
    after_hypothesis_control,
    after_method_control,
    before_activity_control,
    before_hypothesis_control,
    before_method_control,
    before_rollback_control,
)
from chaosproof.toolkit.reports.handler_order import register_before_events

__all__ = [
    "after_activity_control",
    "after_experiment_control",
    "after_hypothesis_control",
    "after_method_control",
    "before_activity_control",
    "before_experiment_control",
    "before_hypothesis_control",
    "before_method_control",
    "before_rollback_control",
    "configure_control",
    "validate_control",
]


def validate_control(control: Control) -> None:
    """What Chaos Toolkit calls first of a control, before the run: from here on its logs are plain."""
    keep_logs_plain()


def configure_control(event_registry: EventHandlerRegistry, configuration: Configuration = None) -> None:
    """Have the run closed and judged also where Chaos Toolkit dies on its way; see `close_anyhow`."""
    keep_logs_plain()
    register_before_events(event_registry, close_anyhow(configuration))


def before_experiment_control(
    context: Experiment, configuration: Configuration = None, secrets: Secrets = None
) -> None:
    """Begin the session; see `begin_session`."""
    begin_session(context, configuration, secrets)


def after_experiment_control(
    context: Experiment, state: Journal, configuration: Configuration = None, secrets: Secrets = None
) -> None:
    """End the session; see `end_session`."""
    end_session(state, configuration)
