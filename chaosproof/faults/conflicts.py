"""Which faults may not be on one instance at once: pure."""

from collections.abc import Sequence

from chaosproof.faults.model import Fault
from chaosproof.faults.selector import Network, overlap

__all__ = ["clash"]

_ANSWERING = ("reset", "reject")
_SILENT = ("drop", "loss")


def clash(a: Fault, a_peers: Sequence[Network], b: Fault, b_peers: Sequence[Network]) -> bool:
    """Whether `a` and `b` would act on the same packets in the same way, or spoil each other.

    A drop that eats the answers of a reset turns it into a blackhole without a word. Those answers come
    from the other direction and with the ports swapped, so for such a pair neither is looked at.
    """
    if "any" not in (a.protocol, b.protocol) and a.protocol != b.protocol:
        return False
    if a.port is not None and b.port is not None and a.port != b.port:
        return False
    if not overlap(a_peers, b_peers):
        return False
    kinds = (a.kind, b.kind)
    if any(kind in _ANSWERING for kind in kinds) and any(kind in _SILENT for kind in kinds):
        return True
    return a.layer == b.layer and (a.direction, a.port_side) == (b.direction, b.port_side)
