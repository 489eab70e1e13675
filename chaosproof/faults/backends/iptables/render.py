"""Faults as iptables rules: pure functions from a fault to lines of shell for the watchdog.

A rule is known by its comment, `chaosproof:<id>`, and removed by its exact words, never by its position.

The watchdog ends the fault to the millisecond. Should it be killed, the kernel does: every rule carries a
`-m time --datestop`, beyond which it matches nothing. The kernel reads that clock in whole seconds, so it is the
first whole second after the deadline; and the rule itself stays, without effect, until somebody heals.
"""

import shlex
from collections.abc import Sequence

from chaosproof.faults.backends.base import ResolvedFault
from chaosproof.faults.backends.watchdog import Step
from chaosproof.faults.errors import FaultRefused
from chaosproof.faults.selector import Network

__all__ = [
    "PREFIX",
    "by_program",
    "last_second",
    "match",
    "prepare_script",
    "rules_down",
    "rules_out",
    "rules_up",
]

PREFIX = "chaosproof:"
_NEWLINE = "\n"
_TRIES = 50
_DROP = "-j DROP"
# a queue that nobody reads (see `holder` for the numbers that are): unlike a drop, the sender's stack hears nothing
_LOSE = f"-j NFQUEUE --queue-num {0xC404}"
# the watchdog reads the clock a moment before the rule is in, and is to be the first to act
_MARGIN_S = 0.05
# until the second after the next one: it has to outlast a command on a cluster
_AT_FIRST_S = 1.0
_FORMAT = "+%Y-%m-%dT%H:%M:%S"


def rules_up(order: ResolvedFault) -> list[Step]:
    """The steps that put the rules in, all of a program at once, and set `until` for `rules_out`."""
    rules = {
        program: _NEWLINE.join(rule for network in networks for rule in _rules(order, network, "-I"))
        for program, networks in by_program(order).items()
    }
    return [
        Step(
            # it repeats a comment when it comes to it, which is when the rules before it are in
            program=f"{program}-restore -v -w --noflush",
            input=f"{'' if number else _seconds_of(order) + '; '}"
            f'printf \'*filter\\n%s\\nCOMMIT\\n# %s %s\\n\' {_quoted(of_program)} "$until" "$at_first"',
            done="* # 2*",
            learn="until=${said##* # } at_first=${until#* } until=${until% *}",
        )
        for number, (program, of_program) in enumerate(rules.items())
    ]


def rules_out(order: ResolvedFault) -> list[str]:
    """The commands that take the rules out again, at once; for whom `rules_up` has set `until`."""
    return [
        f"{program} -w {rule}"
        for program, networks in by_program(order).items()
        for network in networks
        for rule in _rules(order, network, "-D")
    ]


def last_second(order: ResolvedFault) -> str:
    """The command that sets `until`, the last second in which a rule that is put in now matches."""
    return f'until=$(date -u -d "+{_nearly_s(order):.3f} seconds" {_FORMAT})'


def rules_down(order: ResolvedFault, table: str = "filter") -> list[str]:
    """The commands by which anyone takes the rules out; they do not give up while one is there."""
    return [
        f"n=0; while [ $n -lt {_TRIES} ] && "
        f"rules=$({program}-save -t {table} | grep -w -- {PREFIX}{order.id}) && "
        # all at once: a program per rule would take longer than there may be time
        f"! printf '*{table}\\n%s\\nCOMMIT\\n' \"$(echo \"$rules\" | sed 's/^-A/-D/')\" | "
        f"{program}-restore -w --noflush; "
        "do n=$((n+1)); done"
        for program in by_program(order)
    ]


def prepare_script(table: str = "filter", chains: Sequence[str] = ("INPUT", "OUTPUT")) -> str:
    """Makes the base chains, which iptables over nft makes with its first rule and then leaves behind."""
    lines = []
    for program in ("iptables", "ip6tables"):
        for chain in chains:
            rule = f"{chain} -m comment --comment {PREFIX}prepare"
            lines.append(f"{program} -w -t {table} -A {rule} && {program} -w -t {table} -D {rule}")
    return " && ".join(lines)


def by_program(order: ResolvedFault) -> dict[str, list[Network]]:
    """The order's networks, by the program for rules about their addresses."""
    networks: dict[str, list[Network]] = {}
    for network in order.networks:
        networks.setdefault("iptables" if network.version == 4 else "ip6tables", []).append(network)
    return networks


def _seconds_of(order: ResolvedFault) -> str:
    """The commands that set `until`, as `last_second` does, and `at_first`, the last second of the beginning's rule."""
    if not order.fault.declared.iptables_at_first:
        return f"{last_second(order)}; at_first=none"
    times_s = (_nearly_s(order), min(_AT_FIRST_S, order.fault.duration_s))
    text = "".join(f"+{time_s:.3f} seconds\n" for time_s in times_s)
    # both by one program, which takes a millisecond to start
    return f"set -- $(date -u -f - {_FORMAT} <<END\n{text}END\n); until=$1 at_first=$2"


def _nearly_s(order: ResolvedFault) -> float:
    return order.fault.duration_s + _MARGIN_S


def _rules(order: ResolvedFault, network: Network, verb: str) -> list[str]:
    """The fault's rules, the one for its beginning last: each is put in before the others."""
    chain = "OUTPUT" if order.fault.direction == "egress" else "INPUT"
    target = order.fault.declared.iptables
    if target is None:
        raise FaultRefused(f"iptables cannot make {order.fault.kind}")
    end = target[network.version == 6]
    if order.silent:
        end = end.removesuffix(_DROP) + _LOSE
    ends = [f"-m time --datestop $until {end}"]
    if at_first := order.fault.declared.iptables_at_first:
        ends.append(f"-m time --datestop $at_first {at_first}")
    return [" ".join([verb, chain, *match(order, network), end]) for end in ends]


def _quoted(rules: str) -> str:
    """The rules as one word of shell, with `$until` and `$at_first` in place."""
    text = shlex.quote(rules)
    for variable in ("$until", "$at_first"):
        text = text.replace(variable, f"'\"{variable}\"'")
    return text


def match(order: ResolvedFault, network: Network) -> Sequence[str]:
    """The words of a rule by which it finds the fault's packets, and is found itself."""
    fault = order.fault
    arguments = []
    if network.prefixlen:
        arguments += ["-d" if fault.direction == "egress" else "-s", str(network)]
    if fault.protocol != "any":
        arguments += ["-p", fault.protocol]
    if fault.port is not None:
        arguments += [{"destination": "--dport", "source": "--sport"}[fault.port_side], str(fault.port)]
    if fault.share is not None:
        arguments += ["-m", "statistic", "--mode", "random", "--probability", f"{fault.share:.10f}"]
    return [*arguments, "-m", "comment", "--comment", f"{PREFIX}{order.id}"]
