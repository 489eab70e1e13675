"""What the toolkit does, put into the run's log of events as it happens (`chaosproof.runfolder.events`).

The control `chaosproof.controls.session` names these hooks. What a hook raises is swallowed by the toolkit;
a row that is missing for that reason is missed when the run is judged.
"""

from typing import Any

from chaoslib.types import Activity, Configuration, Experiment, Hypothesis, Journal, Run, Secrets

from chaosproof.runfolder.events import record_event
from chaosproof.toolkit.addresses import refuse_wrong_address
from chaosproof.toolkit.current import has_begun, session_of
from chaosproof.toolkit.outputs import fail_if_unusable

__all__ = [
    "after_activity_control",
    "after_hypothesis_control",
    "after_method_control",
    "before_activity_control",
    "before_hypothesis_control",
    "before_method_control",
    "before_rollback_control",
]


def before_activity_control(
    context: Activity, configuration: Configuration = None, secrets: Secrets = None
) -> None:
    """An activity begins: its name, and what it calls. One that calls no address ends the run with a sentence."""
    refuse_wrong_address(context, configuration, secrets)
    _record(configuration, "activity_begins", _called(context))


def after_activity_control(
    context: Activity,
    state: Run,
    configuration: Configuration = None,
    secrets: Secrets = None,
    experiment: Experiment = None,
) -> None:
    """An activity has ended: with which status. An output that cannot be judged makes it a failed one."""
    if state:
        dry = bool(context.get("dry") or (experiment or {}).get("dry"))
        fail_if_unusable(context, state, configuration, secrets, dry=dry)
    status = state.get("status") if state else "interrupted"
    _record(configuration, "activity_ended", {**_called(context), "status": status})


def before_hypothesis_control(context: Hypothesis, configuration: Configuration = None) -> None:
    """The steady state is about to be measured."""
    _record(configuration, "hypothesis_begins", {"title": context.get("title")})


def after_hypothesis_control(
    context: Hypothesis, state: Journal, configuration: Configuration = None
) -> None:
    """The steady state was measured: whether it is met."""
    _record(configuration, "hypothesis_ended", {"met": state.get("steady_state_met") if state else None})


def before_method_control(context: Experiment, configuration: Configuration = None) -> None:
    """The method begins."""
    _record(configuration, "method_begins", {})


def after_method_control(context: Experiment, state: Any, configuration: Configuration = None) -> None:
    """The method has ended: after how many activities."""
    _record(configuration, "method_ended", {"activities": len(state or ())})


def before_rollback_control(context: Experiment, configuration: Configuration = None) -> None:
    """The rollbacks begin."""
    _record(configuration, "rollbacks_begin", {})


def _called(activity: Activity) -> dict[str, Any]:
    provider = activity.get("provider", {})
    return {"name": activity.get("name"), "module": provider.get("module"), "func": provider.get("func")}


def _record(configuration: Configuration, what: str, data: dict[str, Any]) -> None:
    if has_begun(configuration):
        record_event(session_of(configuration).folder, what, data)
