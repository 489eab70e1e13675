"""The verdict of any experiment: its journal is reviewed at the end, and the exit code of `chaos run` follows the
review.

In an experiment: `"controls": [{"name": "verdict", "provider": {"type": "python", "module":
"chaosproof.controls.verdict"}}]`.
For any experiment, unchanged: `chaos run --control-file verdict.json EXPERIMENT` with the file
`{"verdict": {"provider": {"type": "python", "module": "chaosproof.controls.verdict"}}}`.
"""

from chaoslib.run import EventHandlerRegistry
from chaoslib.types import Control

from chaosproof.toolkit.command.plain_logs import keep_logs_plain
from chaosproof.toolkit.reports.handler_order import register_before_events
from chaosproof.toolkit.review_control import ReviewAtTheEnd

__all__ = ["configure_control", "validate_control"]


def validate_control(control: Control) -> None:
    """What Chaos Toolkit calls first of a control, before the run: from here on its logs are plain."""
    keep_logs_plain()


def configure_control(event_registry: EventHandlerRegistry) -> None:
    """Have the run reviewed when the toolkit is finished with it."""
    keep_logs_plain()
    register_before_events(event_registry, ReviewAtTheEnd())
