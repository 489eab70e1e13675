"""Ends the connections that a fault finds open, many of which its rule would never meet: `ss -K`."""

import inspect
import json
from collections.abc import Sequence
from dataclasses import dataclass

from chaosproof.errors import ChaosproofError
from chaosproof.faults.backends import connection_killer
from chaosproof.faults.backends.base import CommandRunner, ResolvedFault
from chaosproof.faults.backends.interpreter import python_argv
from chaosproof.targets.base import CommandResult

__all__ = [
    "HALVES",
    "WORD",
    "Killed",
    "connections",
    "kill_argv",
    "killed",
    "socket_filter",
    "waiting_kill_argv",
]

# the states in which the other end has a connection, or will
HALVES = ("established", "close-wait", "fin-wait-1", "fin-wait-2")
_KILL = "-HKtn"
# what is on its way opens after the rule is there: the answer to it is an RST then, from a kernel that knows of none
_STATES = (*HALVES, "syn-sent")
# as the kernel numbers them (net/tcp_states.h)
_NUMBERS = {"established": 1, "syn-sent": 2, "fin-wait-1": 4, "fin-wait-2": 5, "close-wait": 8}
WORD = f"{connection_killer.WORD}\n"
"""The input upon which `waiting_kill_argv` ends connections."""


def socket_filter(order: ResolvedFault) -> str:
    """The sockets of the fault's connections, in the words of `ss`."""
    side = "dport" if order.fault.direction == "egress" else "sport"
    port = f"{side} = :{order.fault.port}" if order.fault.port is not None else ""
    peers = [f"dst {network}" for network in order.networks if network.prefixlen]
    return " and ".join(part for part in (port, f"( {' or '.join(peers)} )" if peers else "") if part)


def connections(options: str, filter_: str = "", states: Sequence[str] = _STATES) -> Sequence[str]:
    """The `ss` that acts on the connections which are in one of the states, and meet the filter."""
    wanted = [word for state in states for word in ("state", state)]
    return ["ss", options, *wanted, *([filter_] if filter_ else [])]


def kill_argv(order: ResolvedFault) -> Sequence[str]:
    """The command that ends them, and lists those that it has ended."""
    return connections(_KILL, socket_filter(order))


def waiting_kill_argv(order: ResolvedFault) -> Sequence[str]:
    """A command that ends the same once it has `WORD` as its input, sooner than `ss` would; without, it ends none."""
    named = {
        "own": order.fault.direction != "egress",
        "port": order.fault.port,
        "networks": list(map(str, order.networks)),
        "states": sum(1 << _NUMBERS[state] for state in _STATES),
    }
    return python_argv(inspect.getsource(connection_killer), json.dumps(named))


@dataclass(frozen=True)
class Killed:
    """What became of them: how many were `ended`, whether others were `left_alone`, and the note for the receipt."""

    ended: int
    left_alone: bool
    note: str


def killed(run: CommandRunner, order: ResolvedFault, done: CommandResult | ChaosproofError) -> Killed:
    """What became of them, given what became of the command; also when this kernel cannot.

    `ss -K` ends with 0 whatever came of it: a refusal is a line of its standard error alone, and a kernel without
    CONFIG_INET_DIAG_DESTROY lets it list nothing. So where it lists none or complains, what is there still is counted.
    """
    if isinstance(done, ChaosproofError):
        return Killed(0, True, f"open connections were left alone: {done}")
    if done.exit_code != 0:
        why = f"ss ended with {done.exit_code}: {_cut(done.stderr)}"
        return Killed(0, True, f"open connections were left alone: {why}")
    ended = len(done.stdout.splitlines())
    note = f"{ended} connections were ended"
    if ended and not done.stderr.strip():
        return Killed(ended, False, note)
    try:
        left = run(connections("-Htn", socket_filter(order)), timeout_s=5.0)
    except ChaosproofError as error:
        return Killed(ended, False, f"{note}; what was left could not be listed: {error}")
    count = len(left.stdout.splitlines())
    if not count:
        return Killed(ended, False, note)
    why = _cut(done.stderr) or "this kernel ends no sockets (CONFIG_INET_DIAG_DESTROY)"
    return Killed(ended, True, f"{note}; {count} were left alone: {why}")


def _cut(stderr: str) -> str:
    return stderr.strip()[:200]
