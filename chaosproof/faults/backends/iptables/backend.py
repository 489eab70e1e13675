"""The second backend: iptables rules that a watchdog in the instance takes out again, for old kernels."""

from collections.abc import Sequence

from chaosproof.faults.backends.base import (
    CANNOT_SHAPE,
    TURN_S,
    CommandRunner,
    ObservedEnd,
    ResolvedFault,
    output_of,
)
from chaosproof.faults.backends.iptables.render import PREFIX, prepare_script, rules_down, rules_out, rules_up
from chaosproof.faults.backends.listings import read_rules
from chaosproof.faults.backends.watchdog import watchdog_argv
from chaosproof.faults.backends.watchdog_backend import WatchdogBackend
from chaosproof.faults.kinds.base import Layer
from chaosproof.faults.model import Fault
from chaosproof.faults.observer import watch

__all__ = ["BACKEND", "Iptables"]

_LISTING = "iptables-save -c -t filter && ip6tables-save -c -t filter"


class Iptables(WatchdogBackend):
    """Faults as iptables rules, each known by its comment."""

    name = "iptables"
    rank = 2
    layers: tuple[Layer, ...] = ("cut",)

    def fidelity(self, order: ResolvedFault, *, kept: bool = False) -> str:
        whom = f"the target {TURN_S:g} s later" if kept else "the kernel within a second"
        return f"watchdog; {whom}, should it be killed{order.differs()}"

    def refusal(self, fault: Fault) -> str:
        if fault.layer == "shape":
            return CANNOT_SHAPE
        return "" if fault.declared.iptables else f"its rules cannot make {fault.kind}"

    def needs(self, fault: Fault) -> Sequence[str]:
        return ("iptables",)

    def wants(self, fault: Fault) -> Sequence[str]:
        # a queue that nobody reads loses packets, and their sender hears nothing of it
        return ("nfqueue",) if fault.sinks else ()

    def prepare(self, run: CommandRunner) -> None:
        output_of(run, ["sh", "-c", prepare_script()], "iptables could not be prepared")

    def down(self, order: ResolvedFault) -> Sequence[str]:
        return rules_down(order)

    def argv(self, order: ResolvedFault) -> Sequence[str]:
        up, down = rules_up(order), [*rules_out(order), *self.down(order)]
        return watchdog_argv(order.id, order.fault.duration_s, up, down)

    def watch(self, run: CommandRunner, order: ResolvedFault, left_s: float) -> ObservedEnd:
        seen = watch(run, _LISTING, f"{PREFIX}{order.id}", left_s, self.down(order))
        packets = max(read_rules(look).get(order.id, 0) for look in seen.looks)
        return ObservedEnd(packets, None, seen.at, seen.cleaned, on_at=seen.on_at)


BACKEND = Iptables
