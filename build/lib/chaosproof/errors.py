"""The errors a person is meant to read, each a sentence that is shown without a traceback; and every exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "EXIT_CODES",
    "EXIT_INTERRUPTED",
    "EXIT_UNREAD",
    "ChaosproofError",
    "TargetError",
    "UsageError",
    "readable_os_errors",
]

EXIT_CODES = {"pass": 0, "fail": 1, "unknown": 2}
"""A verdict as an exit code: 0 it was shown, 1 it was refuted, 2 it is not known, or could not be done."""

EXIT_INTERRUPTED = 130
"""Ctrl-C ended the command, as a shell counts SIGINT."""

EXIT_UNREAD = 141
"""Nobody reads the output any more, as in `chaosproof ... | head`; a shell counts SIGPIPE so."""


class ChaosproofError(Exception):
    """Something went wrong that the reader can act on; `str()` of it is the whole sentence."""

    exit_code = EXIT_CODES["unknown"]


class UsageError(ChaosproofError):
    """The call itself was wrong: a bad option, an unknown name, a value out of its range."""

    exit_code = 64  # EX_USAGE of sysexits.h


class TargetError(ChaosproofError):
    """The system under test, or the place where it runs, did not do what was asked."""


@contextmanager
def readable_os_errors(what: str, after: str = "") -> Iterator[None]:
    """Make an `OSError` inside a `ChaosproofError`: `what`, such as `cannot write FILE`, the reason, then `after`."""
    try:
        yield
    except OSError as error:
        raise ChaosproofError(f"{what}: {error.strerror}{after}") from error
