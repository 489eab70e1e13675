"""An activity inside of an experiment that has no session: it must not act on whatever runs.

A control whose module is misspelt is a warning to Chaos Toolkit, and an activity that fails leaves the experiment
completed, with exit code 0. So the experiment is ended here.
"""

import logging
import sys
import threading
from types import FrameType

from chaoslib.exit import exit_gracefully

from chaosproof.errors import ChaosproofError

__all__ = ["refuse_without_session"]

_LOG = logging.getLogger("chaostoolkit")
_NOW_WITH_ROLLBACKS = 20
_SENTENCE = (
    "The experiment has no session, so nothing is done and nothing would be judged: its `controls` need "
    '{"name": "session", "provider": {"type": "python", "module": "controls.session"}}, spelt so. '
    "Without an experiment, use chaosproof inject."
)


def refuse_without_session() -> None:
    """End the experiment, where Chaos Toolkit has called; a program that calls an activity by itself may go on."""
    if not _called_by_toolkit():
        return
    _LOG.fatal(_SENTENCE)
    if threading.current_thread() is threading.main_thread():
        # the one way out that the toolkit's provider does not take for a failed activity
        raise SystemExit(_NOW_WITH_ROLLBACKS)
    exit_gracefully()
    raise ChaosproofError(_SENTENCE)


def _called_by_toolkit() -> bool:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__") == "chaoslib.provider.python":
            return True
        frame = frame.f_back
    return False
