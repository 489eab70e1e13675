"""The `CommandRunner` by which a fault is put on, with all that its target can do for it.

Where the target can, the command has begun when the fault was armed and only waits for its input; and what comes
after the fault is left to the target itself, for when no watchdog is there to do it. What ends the connections that the
fault finds open comes right behind it: as a command that has begun, too, or else in the fault's own. What a fault needs
beside it, its queue, is up before its moment, by a watchdog that waits to be told that the fault is on: it takes that
back at the deadline, or at once when nobody tells it. So the fault itself is one command of the kernel's.
"""

import shlex
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from chaosproof.errors import ChaosproofError
from chaosproof.faults.backends.base import Backend, CommandRunner, ResolvedFault, StandbyCommand
from chaosproof.faults.backends.socket_kill import WORD, kill_argv, waiting_kill_argv
from chaosproof.faults.backends.watchdog import is_on
from chaosproof.targets.base import (
    CommandResult,
    DeferredCommand,
    PendingCommand,
    SupportsDeferred,
    SupportsPrestart,
    Target,
)

__all__ = ["Ending", "Standby", "apply_run", "begin"]

# longer than anybody waits between arming a fault and its moment
_KEEP_S = 400.0
_KILLED = 128 + 9
_PATIENCE_S = 5.0
_AGAIN = "what was put up for it ahead was gone by its moment, and was put up again behind it"
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
        self._settled = threading.Event()
        self.begun = begin(target, order.instance, waiting_kill_argv(order))

    def finish(self) -> CommandResult | ChaosproofError:
        """Run it now, if it has not been, and return what became of it."""
        if self._done is None:
            try:
                done = self.begun(WORD, _PATIENCE_S) if self.begun else None
                # one that was killed while it waited has ended nothing, and so has one that found no interpreter
                if done is None or done.exit_code != 0:
                    done = self._target.run(self._order.instance, self.argv, timeout_s=_PATIENCE_S)
                self._done = done
            except ChaosproofError as error:
                self._done = error
            finally:
                self._settled.set()
        return self._done

    def wait(self) -> None:
        """Return when it has run, or could not, whoever runs it."""
        self._settled.wait(3 * _PATIENCE_S)

    def keep(self, done: CommandResult) -> None:
        """It has run, in one with the command that put the fault on."""
        self._done = done
        self._settled.set()


class Standby:
    """What was put up for a fault, once it is there."""

    def __init__(self, target: Target, instance: str, command: StandbyCommand, begun: PendingCommand) -> None:
        self._target = target
        self._instance = instance
        self._command = command
        self._begun = begun
        self._settled = threading.Event()

    @classmethod
    def of(cls, target: Target, backend: Backend, order: ResolvedFault) -> "Standby | None":
        """Put it up; `None` where there is nothing to, or this target cannot, or it did not come up."""
        command = backend.standby(order)
        begun = begin(target, order.instance, command.argv) if command else None
        if command is None or begun is None:
            return None
        standby = cls(target, order.instance, command, begun)
        with suppress(ChaosproofError):
            if target.run(order.instance, command.check, timeout_s=_PATIENCE_S).exit_code == 0:
                return standby
        standby.give_up()
        return None

    def go_on(self) -> str:
        """The fault is on. Returns what a reader of its receipt should know; raises where the fault has no queue."""
        try:
            return self._tell()
        finally:
            self._settled.set()

    def wait(self) -> None:
        """Return when nothing is put up any more: who heals before that would leave what comes later."""
        self._settled.wait(3 * _PATIENCE_S)

    def _tell(self) -> str:
        done = self._begun(self._command.word, _PATIENCE_S)
        if done is not None and is_on(done):
            return ""
        again = self._target.run(
            self._instance, self._command.argv, stdin=self._command.word, timeout_s=_PATIENCE_S
        )
        if not is_on(again):
            answer = (again.stdout + again.stderr).strip()[:200]
            raise ChaosproofError(
                f"what the fault needs beside it was gone, and could not be put up again: {answer}"
            )
        return _AGAIN

    def give_up(self) -> None:
        """The fault does not go on: take back what was put up."""
        with suppress(ChaosproofError):
            self._begun("", _PATIENCE_S)


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
