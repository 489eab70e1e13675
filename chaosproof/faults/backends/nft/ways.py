"""In which directions a kind acts by nft, and the names of its maps and chains: pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from chaosproof.faults.errors import FaultRefused
from chaosproof.faults.kinds.base import OTHER_DIRECTION, OTHER_PORT_SIDE, Direction, NetworkKind, PortSide

__all__ = ["Way", "ways_of"]


@dataclass(frozen=True)
class Way:
    """One of the two directions in which a kind acts: its own, or `back`, and what is done there.

    `chain` and `maps` are the first words of their names.
    """

    back: bool
    chain: str
    maps: str
    rules: Sequence[str]
    matches: tuple[tuple[str, ...], tuple[str, ...]] | None

    def direction(self, direction: Direction) -> Direction:
        """The direction in which it acts, for a fault in that one."""
        return OTHER_DIRECTION[direction] if self.back else direction

    def port_side(self, port_side: PortSide) -> PortSide:
        """The side of its packets that the port is on, for a fault with it on that one."""
        return OTHER_PORT_SIDE[port_side] if self.back else port_side


def ways_of(kind: NetworkKind) -> Sequence[Way]:
    """What is done in each direction."""
    if kind.layer == "shape":
        return (Way(False, kind.layer, kind.layer, (), None),)
    ways = []
    if kind.nft_rules:
        maps = kind.chain if kind.nft_matches else kind.layer
        ways.append(Way(False, kind.chain, maps, kind.nft_rules, kind.nft_matches))
    if kind.back:
        name = f"{kind.chain}_back"
        maps = name if kind.back.nft_matches else kind.layer
        ways.append(Way(True, name, maps, kind.back.nft_rules, kind.back.nft_matches))
    if not ways:
        raise FaultRefused(f"nft cannot make {kind.name}")
    return ways
