"""The backend for delays on a kernel without netem: iptables rules send packets to a program, which holds them.

    ./run chaosproof inject delay --instance shop-0 --port 50051 --delay-ms 100 --duration 15s --backend nfqueue

The program (holder) runs inside the instance and is its own watchdog. Should it be killed, its rules let
packets pass from that moment on, and whoever does a watchdog's work takes them out after the deadline.
"""

import inspect
import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass

from chaosproof.faults.backends.base import CommandRunner, ObservedEnd, ResolvedFault, output_of
from chaosproof.faults.backends.interpreter import python_argv
from chaosproof.faults.backends.iptables.render import PREFIX, by_program, match, prepare_script, rules_down
from chaosproof.faults.backends.nfqueue import holder
from chaosproof.faults.backends.watchdog import NAME, detached_argv
from chaosproof.faults.backends.watchdog_backend import WatchdogBackend
from chaosproof.faults.errors import FaultRefused
from chaosproof.faults.kinds import KINDS
from chaosproof.faults.kinds.base import Layer
from chaosproof.faults.model import Fault
from chaosproof.faults.observer import watch
from chaosproof.faults.selector import Network

__all__ = ["BACKEND", "HOLDING", "Nfqueue", "Transaction", "program_argv", "read_look", "rules_up"]

# by this word a program is known as one that holds packets
HOLDING = "chaosproof-nfqueue"

_TABLE = "mangle"
_UNREADABLE = "no queues to be read"
_LISTING = (
    f"iptables-save -c -t {_TABLE} && ip6tables-save -c -t {_TABLE} && "
    f"{{ cat /proc/net/netfilter/nfnetlink_queue /proc/net/netlink 2>/dev/null || echo {_UNREADABLE}; }}"
)
_NETLINK_NETFILTER = "12"
_DIED = "its program was gone before the deadline: from then on packets passed at once"


class Nfqueue(WatchdogBackend):
    """Delays by a queue in a program."""

    name = "nfqueue"
    rank = 4
    layers: tuple[Layer, ...] = ("shape",)
    note = "by a userspace queue (nfqueue), since this kernel has no netem"

    def fidelity(self, order: ResolvedFault, *, kept: bool = False) -> str:
        return (
            "userspace queue, which is its own watchdog; lets packets pass as soon as it dies, "
            # measured in an emulated kernel, one after the other, both at 50 ms
            "and those that it held then are lost; bulk data goes slower than over a line as long (0.8 MB/s "
            f"where netem let 2.9 pass){order.differs()}"
        )

    def refusal(self, fault: Fault) -> str:
        if fault.declared.held:
            return ""
        return f"a queue in a program can make {', '.join(k.name for k in KINDS.values() if k.held)} only"

    def needs(self, fault: Fault) -> Sequence[str]:
        return ("nfqueue",)

    def prepare(self, run: CommandRunner) -> None:
        output_of(run, ["sh", "-c", prepare_script(_TABLE, ["OUTPUT"])], "iptables could not be prepared")

    def down(self, order: ResolvedFault) -> Sequence[str]:
        return rules_down(order, _TABLE)

    def argv(self, order: ResolvedFault) -> Sequence[str]:
        return detached_argv(shlex.join(["exec", *program_argv(order)]), order.id)

    def watch(self, run: CommandRunner, order: ResolvedFault, left_s: float) -> ObservedEnd:
        seen = watch(run, _LISTING, f"{PREFIX}{order.id}", left_s, self.down(order))
        looks = [read_look(look, order.id) for look in seen.looks if look]
        notes = []
        if passed := max((passed for _, passed, _ in looks), default=0):
            notes.append(f"{passed} packets passed at once, because the queue was full")
        if looks and not looks[-1][2] and _UNREADABLE not in seen.looks[-1]:
            notes.append(_DIED)
        packets = max((packets for packets, _, _ in looks), default=0)
        return ObservedEnd(packets, None, seen.at, seen.cleaned, "; ".join(notes), seen.on_at)


@dataclass(frozen=True)
class Transaction:
    """A program and its input, in which `{queue}` and `{until}` are still open."""

    program: str
    text: str


def rules_up(order: ResolvedFault) -> list[Transaction]:
    """What puts the rules in that send packets to a queue, one transaction for each family of addresses."""

    def rule(network: Network) -> str:
        return (
            f"-I OUTPUT 1 {' '.join(match(order, network))} "
            "-m time --datestop {until} -j NFQUEUE --queue-num {queue} --queue-bypass"
        )

    return [
        Transaction(f"{program}-restore", "\n".join([f"*{_TABLE}", *map(rule, networks), "COMMIT\n"]))
        for program, networks in by_program(order).items()
    ]


def program_argv(order: ResolvedFault) -> list[str]:
    """The command that runs the program for this order."""
    fault = order.fault
    if fault.declared.held is None:
        raise FaultRefused(f"a queue in a program cannot make {fault.kind}")
    settings = {
        **asdict(fault.declared.held(fault.magnitude)),
        "duration_s": fault.duration_s,
        "up": [astuple(transaction) for transaction in rules_up(order)],
        "down": "; ".join(rules_down(order, _TABLE)),
    }
    return python_argv(inspect.getsource(holder), NAME, HOLDING, order.id, json.dumps(settings))


def read_look(text: str, fault_id: str) -> tuple[int, int, bool]:
    """(packets held, packets that passed at once, whether its program lives), from a listing with the fault's rules.

    The kernel counts what it has handed to a queue, and what did not fit into the buffer of its reader. With the
    program both are gone: then the rules alone have counted, also what they let pass.
    """
    rules = re.findall(rf"^\[(\d+):\d+\] .*{PREFIX}{fault_id}\b.*--queue-num (\d+)", text, re.MULTILINE)
    rows = [line.split() for line in text.splitlines()]
    for row in rows:
        if len(row) == 9 and rules and row[0] == rules[0][1]:
            drops = [
                int(sock[8]) for sock in rows if len(sock) == 10 and sock[1:3] == [_NETLINK_NETFILTER, row[1]]
            ]
            return int(row[7]) - sum(drops), sum(drops), True
    return sum(int(count) for count, _ in rules), 0, False


BACKEND = Nfqueue
