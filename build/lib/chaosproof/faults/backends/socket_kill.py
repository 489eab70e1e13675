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
    """End them and return the note for the receipt, also when this kernel cannot."""
    try:
        done = run(["ss", "-HKtn", "state", "established", idle_filter(order)], timeout_s=5.0)
    except ChaosproofError as error:
        return f"idle connections were left alone: {error}"
    if done.exit_code != 0:
        return (
            f"idle connections were left alone: ss ended with {done.exit_code}: {done.stderr.strip()[:200]}"
        )
    return f"{len(done.stdout.splitlines())} connections were ended by ss -K"
