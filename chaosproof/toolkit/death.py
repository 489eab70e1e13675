"""The end of a run that Chaos Toolkit does not come to: it died in its own code, and skipped rollbacks and controls.

It tells its event handlers that it is finished all the same. There the run is closed and judged, and in place of a
traceback a sentence is printed; the exit code stays 1.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from chaoslib.run import RunEventHandler
from chaoslib.types import Journal

__all__ = ["CloseAnyhow", "in_a_sentence"]

# How else `chaos` is started: by the experiment's own `runtime`, for which it calls uv, and by this project.
_COMMANDS = (("chaostoolkit", "runner.py"), ("command", "chaos.py"))


class CloseAnyhow(RunEventHandler):  # type: ignore[misc]
    """Calls `close` with the journal, and with what the toolkit died of, when the toolkit is finished in any way."""

    def __init__(self, close: Callable[[Journal, Exception | None], None]) -> None:
        self._close = close

    def finish(self, journal: Journal) -> None:
        error = sys.exc_info()[1]
        died_of = error if isinstance(error, Exception) else None
        self._close(journal, died_of)
        # What the command does afterwards can fail as well: it writes its journal. A program of its own keeps its hook.
        if Path(sys.argv[0]).parts[-2:] in _COMMANDS or Path(sys.argv[0]).name == "chaos":
            sys.excepthook = in_a_sentence


def in_a_sentence(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What `sys.excepthook` does where the command `chaos` dies."""
    print(
        f"Chaos Toolkit itself failed, so the run is no pass: {kind.__name__}: {error}",
        file=sys.stderr,
    )
