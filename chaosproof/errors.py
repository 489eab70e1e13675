"""The errors a person is meant to read: one sentence each, shown without a traceback."""

__all__ = ["ChaosproofError", "TargetError", "UsageError"]


class ChaosproofError(Exception):
    """Something went wrong that the reader can act on; `str()` of it is the whole sentence."""

    exit_code = 2


class UsageError(ChaosproofError):
    """The call itself was wrong: a bad option, an unknown name, a value out of its range."""

    exit_code = 64


class TargetError(ChaosproofError):
    """The system under test, or the place where it runs, did not do what was asked."""
