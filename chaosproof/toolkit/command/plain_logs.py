"""Chaos Toolkit's log lines without colour codes where no terminal shows them.

Its formatter (chaostoolkit-lib 1.44 and 1.45, `LogFormatter` of chaoslib/log.py) begins each line with the code of a
colour whatever the stream is, in its log file too, and only asks whether there is a terminal for the code that ends it.
"""

import logging
import sys
from typing import Any

__all__ = ["ColourlessRecord", "keep_logs_plain"]


def keep_logs_plain() -> None:
    """From here on, where stderr is no terminal, no line of a log has a colour, of whichever handler and formatter."""
    if not sys.stderr.isatty():
        logging.setLogRecordFactory(ColourlessRecord)


class ColourlessRecord(logging.LogRecord):
    """A record whose `color`, which the formatter sets and then reads from `__dict__`, stays empty."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.__dict__["color"] = ""

    @property
    def color(self) -> str:
        return ""

    @color.setter
    def color(self, code: str) -> None:
        pass
