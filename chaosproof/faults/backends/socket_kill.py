"""Ends connections over which nothing passes, and which a reject rule therefore never meets: `ss -K`."""

from chaosproof.errors import ChaosproofError
from chaosproof.faults.backends.base import CommandRunner, ResolvedFault

__all__ = ["end_idle_connections", "idle_filter"]


def idle_filter(order: ResolvedFault) -> str:
    """The sockets of the fault's connections, in the words of `ss`."""
    side = "dport" if order.fault.direction == "egress" else "sport"
    port = f"{side} = :{order.fault.port}" if order.fault.port is not None else ""
    peers = [f"dst {network}" for network in order.networks if network.prefixlen]
    return " and ".join(part for part in (port, f"( {' or '.join(peers)} )" if peers else "") if part)


def end_idle_connections(run: CommandRunner, order: ResolvedFault) -> str:
    """End them and return the note for the receipt, also when this kernel cannot.

    `ss -K` ends with 0 whatever came of it: a refusal is a line of its standard error alone, and a kernel without
    CONFIG_INET_DIAG_DESTROY lets it list nothing. So where it lists none or complains, what is there still is counted.
    """
    filter_ = idle_filter(order)
    try:
        done = run(["ss", "-HKtn", "state", "established", filter_], timeout_s=5.0)
        if done.exit_code != 0:
            return f"idle connections were left alone: ss ended with {done.exit_code}: {_cut(done.stderr)}"
        ended = len(done.stdout.splitlines())
        if ended and not done.stderr.strip():
            return _note(ended)
        left = run(["ss", "-Htn", "state", "established", filter_], timeout_s=5.0)
    except ChaosproofError as error:
        return f"idle connections were left alone: {error}"
    count = len(left.stdout.splitlines())
    if not count:
        return _note(ended)
    why = _cut(done.stderr) or "this kernel ends no sockets (CONFIG_INET_DIAG_DESTROY)"
    return f"{_note(ended)}; {count} were left alone: {why}"


def _note(ended: int) -> str:
    return f"{ended} connections were ended by ss -K"


def _cut(stderr: str) -> str:
    return stderr.strip()[:200]
