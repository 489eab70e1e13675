"""Which faults may not be on one instance at once: pure."""

from collections.abc import Sequence

from chaosproof.faults.kinds.base import OTHER_DIRECTION, OTHER_PORT_SIDE
from chaosproof.faults.model import Direction, Fault, PortSide
from chaosproof.faults.selector import Network, overlap

__all__ = ["conflicts"]


def conflicts(a: Fault, a_peers: Sequence[Network], b: Fault, b_peers: Sequence[Network]) -> bool:
    """Whether `a` and `b` would act on the same packets in the same way, or spoil each other.

    Kinds that name each other in `conflicts_with` do so in either direction: the answers of a reset, which a drop must
    not eat, come from the other one and with the ports swapped, so for such a pair neither is looked at.
    """
    if "any" not in (a.protocol, b.protocol) and a.protocol != b.protocol:
        return False
    if a.port is not None and b.port is not None and a.port != b.port:
        return False
    if not overlap(a_peers, b_peers):
        return False
    if b.kind in a.declared.conflicts_with or a.kind in b.declared.conflicts_with:
        return True
    return a.layer == b.layer and not _ways(a).isdisjoint(_ways(b))


def _ways(fault: Fault) -> set[tuple[Direction, PortSide]]:
    """The directions in which it acts, each with the side of its packets that the port is on."""
    ways = {(fault.direction, fault.port_side)}
    if fault.declared.back:
        ways.add((OTHER_DIRECTION[fault.direction], OTHER_PORT_SIDE[fault.port_side]))
    return ways
