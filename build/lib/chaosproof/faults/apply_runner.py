"""The `CommandRunner` by which a fault is put on, with all that its target can do for it.

Where the target can, the command has begun when the fault was armed and only waits for its input; and what comes
after the fault is left to the target itself, for when no watchdog is there to do it.
"""

from collections.abc import Sequence

from chaosproof.errors import ChaosproofError
from chaosproof.faults.backends.base import Backend, CommandRunner, ResolvedFault
from chaosproof.targets.base import (
    CommandResult,
    DeferredCommand,
    PendingCommand,
    SupportsDeferred,
    SupportsPrestart,
    Target,
)

__all__ = ["apply_run", "begin"]

# longer than anybody waits between arming a fault and its moment
_KEEP_S = 400.0
_KILLED = 128 + 9


def begin(target: Target, instance: str, backend: Backend, order: ResolvedFault) -> PendingCommand | None:
    """The fault's command, begun ahead; `None` where the target cannot, and then it is run as a whole."""
    if not isinstance(target, SupportsPrestart):
        return None
    try:
        return target.prestart(instance, backend.argv(order), keep_s=_KEEP_S)
    except ChaosproofError:
        return None  # who runs it as a whole will be told why it cannot be


def apply_run(
    target: Target, instance: str, backend: Backend, order: ResolvedFault, begun: PendingCommand | None
) -> CommandRunner:
    """What the backend's `apply` is given; what has begun is for its first command."""
    undo = backend.undo(order)
    after = (
        DeferredCommand(undo.argv, undo.after_s)
        if undo is not None and isinstance(target, SupportsDeferred)
        else None
    )

    waiting = [begun] if begun is not None else []

    def run(argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0) -> CommandResult:
        done = waiting.pop()(stdin, timeout_s, after) if waiting else None
        # one that was killed while it waited has done nothing
        if done is not None and done.exit_code != _KILLED:
            return done
        if after is not None and isinstance(target, SupportsDeferred):
            return target.run_deferring(instance, argv, after=after, stdin=stdin, timeout_s=timeout_s)
        return target.run(instance, argv, stdin=stdin, timeout_s=timeout_s)

    return run
