"""What can go wrong with a fault beyond a wrong call (`UsageError`) or a failing target (`TargetError`)."""

from chaosproof.errors import ChaosproofError
from chaosproof.targets.base import CommandResult

__all__ = ["CapabilityError", "FaultCutShort", "FaultError", "FaultRefused", "failure"]


class FaultError(ChaosproofError):
    """The fault could not be applied, watched or ended; the sentence carries what the kernel said."""


class FaultCutShort(FaultError):
    """The fault was there until its deadline, and did not act that long: what it hit proves nothing."""


class FaultRefused(FaultError):
    """The fault is well formed, but limits, another fault or this kernel forbid it; nothing was touched."""

    exit_code = 64


class CapabilityError(FaultRefused):
    """This kernel or its tools cannot make the fault; the verdict knows the class by this name: `unknown`."""


def failure(what: str, result: CommandResult) -> FaultError:
    """The error that says what did not work, and what the command had to say."""
    message = " ".join((result.stderr.strip() or result.stdout.strip() or "it said nothing").split())
    return FaultError(f"{what}: {result.argv[0]} ended with {result.exit_code}: {message[:300]}")
