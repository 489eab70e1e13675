"""The second backend: iptables rules that a watchdog in the instance takes out again, for old kernels."""

from collections.abc import Sequence

from chaosproof.faults.backends.base import (
    CANNOT_SHAPE,
    TURN_S,
    Cleanup,
    CommandRunner,
    ObservedEnd,
    ResolvedFault,
)
from chaosproof.faults.backends.iptables.render import (
    PREFIX,
    prepare_script,
    rules_down,
    rules_out,
    rules_up,
)
from chaosproof.faults.backends.listings import read_rules
from chaosproof.faults.backends.watchdog import clean_argv, put_on, watchdog_argv
from chaosproof.faults.errors import failure
from chaosproof.faults.kinds.base import Layer
from chaosproof.faults.model import Fault
from chaosproof.faults.observer import watch

__all__ = ["BACKEND", "Iptables"]

_LISTING = "iptables-save -c -t filter && ip6tables-save -c -t filter"


class Iptables:
    """Faults as iptables rules, each known by its comment."""

    name = "iptables"
    rank = 2
    layers: tuple[Layer, ...] = ("cut",)
    note = ""

    def fidelity(self, fault: Fault, *, kept: bool = False) -> str:
        whom = f"the target {TURN_S:g} s later" if kept else "the kernel within a second"
        return f"watchdog; {whom}, should it be killed"

    def refusal(self, fault: Fault) -> str:
        if fault.layer == "shape":
            return CANNOT_SHAPE
        return "" if fault.declared.iptables else f"its rules cannot make {fault.kind}"

    def needs(self, fault: Fault) -> Sequence[str]:
        return ("iptables",)

    def prepare(self, run: CommandRunner) -> None:
        done = run(["sh", "-c", prepare_script()])
        if done.exit_code != 0:
            raise failure("iptables could not be prepared", done)

    def forget(self, instance: str) -> None:
        """Nothing is remembered here."""

    def release(self, run: CommandRunner) -> None:
        """Nothing: the base chains that `prepare` left are empty, and may be somebody's by now."""

    def count(self, run: CommandRunner, order: ResolvedFault) -> int:
        return 0

    def argv(self, order: ResolvedFault) -> Sequence[str]:
        up, down = rules_up(order), [*rules_out(order), *rules_down(order)]
        return watchdog_argv(order.id, order.fault.duration_s, up, down)

    def apply(self, run: CommandRunner, order: ResolvedFault) -> None:
        failed = put_on(run, self.argv(order), rules_down(order))
        if failed:
            raise failure(f"iptables did not take {order.fault}", failed)

    def undo(self, order: ResolvedFault) -> Cleanup | None:
        return Cleanup(clean_argv(rules_down(order)), order.fault.duration_s + TURN_S)

    def tidy(self, run: CommandRunner, order: ResolvedFault) -> None:
        """Nothing is left of a fault whose rules are gone."""

    def watch(self, run: CommandRunner, order: ResolvedFault, left_s: float) -> ObservedEnd:
        seen = watch(run, _LISTING, f"{PREFIX}{order.id}", left_s, rules_down(order))
        packets = max(read_rules(look).get(order.id, 0) for look in seen.looks)
        return ObservedEnd(packets, None, seen.at, seen.cleaned)


BACKEND = Iptables
