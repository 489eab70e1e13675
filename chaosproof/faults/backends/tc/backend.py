"""The last resort, for kernels that have netem and neither nft nor iptables: a loss of 100 % on a port."""

from collections.abc import Sequence

from chaosproof.faults.backends.base import (
    CANNOT_SHAPE,
    TURN_S,
    Cleanup,
    CommandRunner,
    ObservedEnd,
    ResolvedFault,
)
from chaosproof.faults.backends.listings import read_dropped
from chaosproof.faults.backends.tc.render import ROOT, blackhole_check, blackhole_down, blackhole_up
from chaosproof.faults.backends.watchdog import clean_argv, put_on, watchdog_argv
from chaosproof.faults.errors import failure
from chaosproof.faults.kinds import KINDS
from chaosproof.faults.kinds.base import Layer
from chaosproof.faults.model import Fault
from chaosproof.faults.observer import watch

__all__ = ["BACKEND", "Tc"]


class Tc:
    """A blackhole by netem. It owns the root queue, so there is one such fault on an instance at a time."""

    name = "tc"
    rank = 3
    layers: tuple[Layer, ...] = ("cut",)
    note = ""

    def fidelity(self, fault: Fault, *, kept: bool = False) -> str:
        late = ", and the target should it be killed" if kept else ""
        return f"watchdog{late}; {fault.declared.tc_stand_in}"

    def refusal(self, fault: Fault) -> str:
        if fault.layer == "shape":
            return CANNOT_SHAPE
        if fault.declared.tc_stand_in and fault.direction == "egress":
            return ""
        kinds = [kind.name for kind in reversed(list(KINDS.values())) if kind.tc_stand_in]
        return f"netem stands in for {' and '.join(kinds)} on egress only"

    def needs(self, fault: Fault) -> Sequence[str]:
        return ("htb", "netem")

    def prepare(self, run: CommandRunner) -> None:
        """Nothing is static here."""

    def forget(self, instance: str) -> None:
        """Nothing is remembered here."""

    def release(self, run: CommandRunner) -> None:
        """Nothing is static here."""

    def count(self, run: CommandRunner, order: ResolvedFault) -> int:
        return 0

    def argv(self, order: ResolvedFault) -> Sequence[str]:
        up, down = [blackhole_up(order, order.devices)], blackhole_down(order, order.devices)
        check = blackhole_check(order.devices)
        return watchdog_argv(order.id, order.fault.duration_s, up, down, check=check)

    def apply(self, run: CommandRunner, order: ResolvedFault) -> None:
        failed = put_on(run, self.argv(order), blackhole_down(order, order.devices))
        if failed:
            raise failure(f"tc did not take {order.fault}", failed)

    def undo(self, order: ResolvedFault) -> Cleanup | None:
        return Cleanup(clean_argv(blackhole_down(order, order.devices)), order.fault.duration_s + TURN_S)

    def tidy(self, run: CommandRunner, order: ResolvedFault) -> None:
        """Nothing is left of a fault whose queue is gone."""

    def watch(self, run: CommandRunner, order: ResolvedFault, left_s: float) -> ObservedEnd:
        down = blackhole_down(order, order.devices)
        seen = watch(run, "tc -s qdisc show", f" {ROOT} ", left_s, down)
        return ObservedEnd(max(map(read_dropped, seen.looks)), None, seen.at, seen.cleaned)


BACKEND = Tc
