"""Ends the connections that a fault finds open, many of which its rule would never meet: `ss -K`."""

from collections.abc import Sequence

from chaosproof.errors import ChaosproofError
from chaosproof.faults.backends.base import CommandRunner, ResolvedFault
from chaosproof.targets.base import CommandResult

__all__ = ["HALVES", "LEFT_ALONE", "connections", "ended_by", "kill_argv", "kill_note", "socket_filter"]

# the states in which the other end has a connection, or will
HALVES = ("established", "close-wait", "fin-wait-1", "fin-wait-2")
# in a note: connections that were open are so still, as far as `ss -K` goes
LEFT_ALONE = "left alone"
# what is on its way opens after the rule is there: the answer to it is an RST then, from a kernel that knows of none
_STATES = (*HALVES, "syn-sent")


def socket_filter(order: ResolvedFault) -> str:
    """The sockets of the fault's connections, in the words of `ss`."""
    side = "dport" if order.fault.direction == "egress" else "sport"
    port = f"{side} = :{order.fault.port}" if order.fault.port is not None else ""
    peers = [f"dst {network}" for network in order.networks if network.prefixlen]
    return " and ".join(part for part in (port, f"( {' or '.join(peers)} )" if peers else "") if part)


def connections(options: str, filter_: str) -> Sequence[str]:
    """The `ss` that acts on the connections which are open, or opening, and meet the filter."""
    states = [word for state in _STATES for word in ("state", state)]
    return ["ss", options, *states, filter_]


def kill_argv(order: ResolvedFault) -> Sequence[str]:
    """The command that ends them, and lists those that it has ended."""
    return connections("-HKtn", socket_filter(order))


def ended_by(done: CommandResult | ChaosproofError) -> int:
    """How many the command has ended: it lists them."""
    return len(done.stdout.splitlines()) if isinstance(done, CommandResult) and done.exit_code == 0 else 0


def kill_note(run: CommandRunner, order: ResolvedFault, done: CommandResult | ChaosproofError) -> str:
    """The note for the receipt, given what became of the command; also when this kernel cannot.

    `ss -K` ends with 0 whatever came of it: a refusal is a line of its standard error alone, and a kernel without
    CONFIG_INET_DIAG_DESTROY lets it list nothing. So where it lists none or complains, what is there still is counted.
    """
    if isinstance(done, ChaosproofError):
        return f"open connections were {LEFT_ALONE}: {done}"
    if done.exit_code != 0:
        return f"open connections were {LEFT_ALONE}: ss ended with {done.exit_code}: {_cut(done.stderr)}"
    ended = ended_by(done)
    if ended and not done.stderr.strip():
        return _note(ended)
    try:
        left = run(connections("-Htn", socket_filter(order)), timeout_s=5.0)
    except ChaosproofError as error:
        return f"{_note(ended)}; what was left could not be listed: {error}"
    count = len(left.stdout.splitlines())
    if not count:
        return _note(ended)
    why = _cut(done.stderr) or "this kernel ends no sockets (CONFIG_INET_DIAG_DESTROY)"
    return f"{_note(ended)}; {count} were {LEFT_ALONE}: {why}"


def _note(ended: int) -> str:
    return f"{ended} connections were ended by ss -K"


def _cut(stderr: str) -> str:
    return stderr.strip()[:200]
