"""An activity inside of an experiment that has no session: it must not act on whatever runs.

A control whose module is misspelt is a warning to Chaos Toolkit, and an activity that fails leaves the experiment
completed, with exit code 0. So the experiment is ended here.
"""

import logging
import sys
import threading
import time
from types import FrameType

from chaoslib.exit import exit_gracefully

from chaosproof.errors import ChaosproofError

__all__ = ["refuse_without_session"]

_LOG = logging.getLogger("chaostoolkit")
_NOW_WITH_ROLLBACKS = 20
_LOOKS_EVERY_S = 0.001
_SENTENCE = (
    "The experiment has no session, so nothing is done and nothing would be judged: its `controls` need "
    '{"name": "session", "provider": {"type": "python", "module": "chaosproof.controls.session"}}, spelt so. '
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
    _wait_until_main_holds_no_lock()
    exit_gracefully()
    raise ChaosproofError(_SENTENCE)


def _wait_until_main_holds_no_lock() -> None:
    """The toolkit's signal raises in the main thread wherever that is.

    Raised where it has just taken a lock that Python itself gives back a line later, of a log's handler or of an
    import, it would leave this thread, which the toolkit waits for, waiting for that lock (Python 3.11: 9 of 60 runs
    whose main thread logged all the time, 3 of some 100 in which it looked for a control that is not there).
    """
    while _takes_locks(sys._current_frames().get(threading.main_thread().ident or 0)):
        time.sleep(_LOOKS_EVERY_S)


def _takes_locks(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith((logging.__file__, "<frozen importlib")):
            return True
        frame = frame.f_back
    return False


def _called_by_toolkit() -> bool:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__") == "chaoslib.provider.python":
            return True
        frame = frame.f_back
    return False
