"""What is put up for a fault before its moment, where the target can begin a command ahead: its queue.

A watchdog puts it up and then waits to be told that the fault is on. It takes it back at the deadline, or at once when
nobody tells it: when the fault was refused, or its runner is gone. So the fault itself is one command of the kernel's.
"""

from contextlib import suppress

from chaosproof.errors import ChaosproofError
from chaosproof.faults.apply_runner import begin
from chaosproof.faults.backends.base import Backend, ResolvedFault, StandbyCommand
from chaosproof.faults.backends.watchdog import is_on
from chaosproof.targets.base import PendingCommand, Target

__all__ = ["Standby"]

_PATIENCE_S = 5.0
_AGAIN = "what was put up for it ahead was gone by its moment, and was put up again behind it"


class Standby:
    """One fault's, once it is up."""

    def __init__(self, target: Target, instance: str, command: StandbyCommand, begun: PendingCommand) -> None:
        self._target = target
        self._instance = instance
        self._command = command
        self._begun = begun

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
        done = self._begun(self._command.word, _PATIENCE_S)
        if done is not None and is_on(done):
            return ""
        again = self._target.run(
            self._instance, self._command.argv, stdin=self._command.word, timeout_s=_PATIENCE_S
        )
        if not is_on(again):
            said = (again.stdout + again.stderr).strip()[:200]
            raise ChaosproofError(
                f"what the fault needs beside it was gone, and could not be put up again: {said}"
            )
        return _AGAIN

    def give_up(self) -> None:
        """The fault does not go on: take back what was put up."""
        with suppress(ChaosproofError):
            self._begun("", _PATIENCE_S)
