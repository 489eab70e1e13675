"""What the backends share whose faults only a watchdog ends: each says how its fault goes on and comes off."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence

from chaosproof.faults.backends.base import (
    TURN_S,
    Cleanup,
    CommandRunner,
    ResolvedFault,
    StandbyCommand,
)
from chaosproof.faults.backends.watchdog import clean_argv, put_on
from chaosproof.faults.errors import failure
from chaosproof.faults.model import Fault

__all__ = ["WatchdogBackend"]


class WatchdogBackend(ABC):
    """Nothing is remembered here: all there is to know is in the kernel, and goes with the fault."""

    name: str
    note = ""

    @abstractmethod
    def argv(self, order: ResolvedFault) -> Sequence[str]:
        """The command that leaves the watchdog, which begins when `put_on` tells it to."""

    @abstractmethod
    def down(self, order: ResolvedFault) -> Sequence[str]:
        """The lines of shell by which anyone takes the fault back."""

    def prepare(self, run: CommandRunner) -> None:  # noqa: B027
        """Nothing is static."""

    def wants(self, fault: Fault) -> Sequence[str]:
        return ()

    def place(self, run: CommandRunner, order: ResolvedFault, taken: Collection[int]) -> ResolvedFault:
        return order

    def forget(self, instance: str) -> None:  # noqa: B027
        """Nothing is remembered."""

    def release(self, run: CommandRunner) -> None:  # noqa: B027
        """Nothing: the base chains that `prepare` may have left are empty, and may be somebody's by now."""

    def standby(self, order: ResolvedFault) -> StandbyCommand | None:
        return None

    def count(self, run: CommandRunner, order: ResolvedFault) -> int:
        return 0

    def apply(self, run: CommandRunner, order: ResolvedFault) -> None:
        failed = put_on(run, self.argv(order), self.down(order))
        if failed:
            raise failure(f"{self.name} did not take {order.fault}", failed)

    def undo(self, order: ResolvedFault) -> Cleanup | None:
        return Cleanup(clean_argv(self.down(order)), order.fault.duration_s + TURN_S)

    def tidy(self, run: CommandRunner, order: ResolvedFault) -> None:  # noqa: B027
        """Nothing is left of a fault whose rules or queue are gone."""
