"""The `CommandRunner` by which a fault is put on, with all that its target can do for it.

Where the target can, the command has begun when the fault was armed and only waits for its input; and what comes
after the fault is left to the target itself, for when no watchdog is there to do it. What ends the connections that the
fault finds open comes right behind it: as a command that has begun, too, or else in the fault's own.
"""

import shlex
from collections.abc import Sequence
from dataclasses import replace

from chaosproof.errors import ChaosproofError
from chaosproof.faults.backends.base import Backend, CommandRunner, ResolvedFault
from chaosproof.faults.backends.socket_kill import kill_argv, rest_of_filter, waiting_kill_argv
from chaosproof.targets.base import (
    CommandResult,
    DeferredCommand,
    PendingCommand,
    SupportsDeferred,
    SupportsPrestart,
    Target,
)

__all__ = ["Ending", "apply_run", "begin"]

# longer than anybody waits between arming a fault and its moment
_KEEP_S = 400.0
_KILLED = 128 + 9
_PATIENCE_S = 5.0
_RULE = "\n====\n"
# what the command says, and then what the one behind it does: that has no part in whether the fault is on
_BEHIND = (
    r"""then=$1; shift; "$@" || exit; printf '\n====\n'; eval "$then"; code=$?; printf '\n====\n%d' $code"""
)


class Ending:
    """What ends the connections that a fault finds open, once it is on.

    Its own command where the target has begun it ahead; else whoever puts the fault on runs it in one with that.
    """

    def __init__(self, target: Target, order: ResolvedFault) -> None:
        self.argv = tuple(kill_argv(order))
        self._target = target
        self._order = order
        self._done: CommandResult | ChaosproofError | None = None
        self.begun = begin(target, order.instance, waiting_kill_argv(order))

    def finish(self) -> CommandResult | ChaosproofError:
        """Run it now, if it has not been, and return what became of it."""
        if self._done is None:
            try:
                done = self.begun(rest_of_filter(self._order), _PATIENCE_S) if self.begun else None
                self._done = done or self._target.run(self._order.instance, self.argv, timeout_s=_PATIENCE_S)
            except ChaosproofError as error:
                self._done = error
        return self._done

    def keep(self, done: CommandResult) -> None:
        """It has run, in one with the command that put the fault on."""
        self._done = done


def begin(target: Target, instance: str, argv: Sequence[str]) -> PendingCommand | None:
    """A command that waits for its input; `None` where the target cannot begin one, and then it is run as a whole."""
    if not isinstance(target, SupportsPrestart):
        return None
    try:
        return target.prestart(instance, argv, keep_s=_KEEP_S)
    except ChaosproofError:
        return None  # who runs it as a whole will be told why it cannot be


def apply_run(
    target: Target,
    instance: str,
    backend: Backend,
    order: ResolvedFault,
    begun: PendingCommand | None,
    ending: Ending | None = None,
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
        if ending is None or ending.begun is not None:
            return target.run(instance, argv, stdin=stdin, timeout_s=timeout_s)
        both = ["sh", "-c", _BEHIND, "sh", shlex.join(ending.argv), *argv]
        done = target.run(instance, both, stdin=stdin, timeout_s=timeout_s)
        return _apart(replace(done, argv=tuple(argv)), ending)

    return run


def _apart(done: CommandResult, ending: Ending) -> CommandResult:
    """What came of the fault's command; what came of the one behind it is for `ending`, where it was run."""
    first, *behind = done.stdout.split(_RULE)
    if len(behind) != 2:
        return done
    listed, code = behind
    ending.keep(replace(done, argv=ending.argv, stdout=listed, exit_code=int(code)))
    return replace(done, stdout=first, stderr="", exit_code=0)
