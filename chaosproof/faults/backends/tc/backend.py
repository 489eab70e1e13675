"""The last resort, for kernels that have netem and neither nft nor iptables: a loss of 100 % on a port."""

from collections.abc import Collection, Sequence

from chaosproof.faults.backends.base import CANNOT_SHAPE, CommandRunner, ObservedEnd, ResolvedFault
from chaosproof.faults.backends.listings import read_dropped
from chaosproof.faults.backends.tc.qdisc import with_queue
from chaosproof.faults.backends.tc.render import ROOT, blackhole_check, blackhole_down, blackhole_up
from chaosproof.faults.backends.watchdog import watchdog_argv
from chaosproof.faults.backends.watchdog_backend import WatchdogBackend
from chaosproof.faults.kinds import KINDS
from chaosproof.faults.kinds.base import Layer
from chaosproof.faults.model import Fault
from chaosproof.faults.observer import watch

__all__ = ["BACKEND", "Tc"]


class Tc(WatchdogBackend):
    """A blackhole by netem. It owns the root queue, so there is one such fault on an instance at a time."""

    name = "tc"
    rank = 3
    layers: tuple[Layer, ...] = ("cut",)

    def fidelity(self, order: ResolvedFault, *, kept: bool = False) -> str:
        late = ", and the target should it be killed" if kept else ""
        return f"watchdog{late}; {order.fault.declared.tc_stand_in}{order.differs()}"

    def refusal(self, fault: Fault) -> str:
        if fault.layer == "shape":
            return CANNOT_SHAPE
        if fault.declared.tc_stand_in and fault.direction == "egress":
            return "" if fault.protocol != "any" else "its filter finds TCP or UDP, not any protocol"
        kinds = [kind.name for kind in reversed(list(KINDS.values())) if kind.tc_stand_in]
        return f"netem stands in for {' and '.join(kinds)} on egress only"

    def needs(self, fault: Fault) -> Sequence[str]:
        return ("htb", "netem")

    def place(self, run: CommandRunner, order: ResolvedFault, taken: Collection[int]) -> ResolvedFault:
        return with_queue(order, run)

    def down(self, order: ResolvedFault) -> Sequence[str]:
        return blackhole_down(order, order.devices)

    def argv(self, order: ResolvedFault) -> Sequence[str]:
        up, check = [blackhole_up(order, order.devices)], blackhole_check(order.devices)
        return watchdog_argv(order.id, order.fault.duration_s, up, self.down(order), check=check)

    def watch(self, run: CommandRunner, order: ResolvedFault, left_s: float) -> ObservedEnd:
        seen = watch(run, "tc -s qdisc show", f" {ROOT} ", left_s, self.down(order))
        return ObservedEnd(max(map(read_dropped, seen.looks)), None, seen.at, seen.cleaned, on_at=seen.on_at)


BACKEND = Tc
