"""Turns a command that failed inside an instance into a sentence."""

from chaosproof.faults.errors import FaultError
from chaosproof.targets.base import CommandResult

__all__ = ["failure"]


def failure(what: str, done: CommandResult) -> FaultError:
    """The error that says what did not work, and what the command had to say."""
    said = " ".join((done.stderr.strip() or done.stdout.strip() or "it said nothing").split())
    return FaultError(f"{what}: {done.argv[0]} ended with {done.exit_code}: {said[:300]}")
