"""The verdict of any experiment: its journal is reviewed at the end, and the exit code of `chaos run` follows the
review.

In an experiment: `"controls": [{"name": "verdict", "provider": {"type": "python", "module":
"chaosproof.controls.verdict"}}]`.
For any experiment, unchanged: `chaos run --control-file verdict.json EXPERIMENT` with the file
`{"verdict": {"provider": {"type": "python", "module": "chaosproof.controls.verdict"}}}`.
"""

from chaoslib.run import EventHandlerRegistry

from chaosproof.toolkit.reports.handler_order import register_before_events
from chaosproof.toolkit.review_control import ReviewAtTheEnd

__all__ = ["configure_control"]


def configure_control(event_registry: EventHandlerRegistry) -> None:
    """Have the run reviewed when the toolkit is finished with it."""
    register_before_events(event_registry, ReviewAtTheEnd())
