"""Faults as iptables rules: pure functions from a fault to lines of shell for the watchdog.

A rule is known by its comment, `chaosproof:<id>`, and removed by its exact words, never by its position.
"""

import shlex
from collections.abc import Sequence

from chaosproof.faults.backend import Order
from chaosproof.faults.model import Fault
from chaosproof.faults.selector import Network

__all__ = ["PREFIX", "prepare_script", "rules_down", "rules_up"]

PREFIX = "chaosproof:"
_TRIES = 50


def rules_up(order: Order) -> list[str]:
    """The commands that put the rules in, before all others."""
    return [_line(order, network, "-I") for network in order.networks]


def rules_down(order: Order) -> list[str]:
    """The commands that take the rules out and do not give up while one is there."""
    return [
        f"n=0; while [ $n -lt {_TRIES} ] && {_line(order, network, '-C')}; "
        f"do {_line(order, network, '-D')}; n=$((n+1)); done"
        for network in order.networks
    ]


def prepare_script() -> str:
    """Makes the base chains, which iptables over nft makes with its first rule and then leaves behind."""
    lines = []
    for program in ("iptables", "ip6tables"):
        for chain in ("INPUT", "OUTPUT"):
            rule = f"{chain} -m comment --comment {PREFIX}prepare"
            lines.append(f"{program} -w -A {rule} && {program} -w -D {rule}")
    return " && ".join(lines)


def _line(order: Order, network: Network, verb: str) -> str:
    program = "iptables" if network.version == 4 else "ip6tables"
    chain = "OUTPUT" if order.fault.direction == "egress" else "INPUT"
    return shlex.join([program, "-w", verb, chain, *_match(order, network), *_verdict(order.fault, network)])


def _match(order: Order, network: Network) -> Sequence[str]:
    fault = order.fault
    words = []
    if network.prefixlen:
        words += ["-d" if fault.direction == "egress" else "-s", str(network)]
    if fault.protocol != "any":
        words += ["-p", fault.protocol]
    if fault.port is not None:
        words += [{"destination": "--dport", "source": "--sport"}[fault.port_side], str(fault.port)]
    if fault.loss_percent is not None:
        share = f"{fault.loss_percent / 100:.10f}"
        words += ["-m", "statistic", "--mode", "random", "--probability", share]
    return [*words, "-m", "comment", "--comment", f"{PREFIX}{order.id}"]


def _verdict(fault: Fault, network: Network) -> Sequence[str]:
    if fault.kind == "reset":
        return ["-j", "REJECT", "--reject-with", "tcp-reset"]
    if fault.kind == "reject":
        with_ = "icmp-port-unreachable" if network.version == 4 else "icmp6-port-unreachable"
        return ["-j", "REJECT", "--reject-with", with_]
    return ["-j", "DROP"]
