"""`blackhole_after_handshake`: connections open, and from then on nothing of them arrives anywhere."""

from chaosproof.faults.kinds.base import Back, NetworkKind, Refusal
from chaosproof.faults.kinds.stall import NFT_DATA

__all__ = ["KIND"]

# an acknowledgement alone passes: it is the end of a handshake
_ENDS = ("tcp flags & (fin | rst) != 0x0",)
_NOT_OPENING = ("tcp flags & syn == 0x0",)

KIND = NetworkKind(
    name="blackhole_after_handshake",
    does="lets TCP connections open, and loses all that is sent over them, both ways",
    doc=(
        "Let TCP connections to `port` open, and drop all that comes after the handshake in both directions: data, "
        "acknowledgements, keep-alives, and the end of a connection too. As of a balancer that has nobody behind it."
    ),
    layer="cut",
    port_required=True,
    refusals=(
        Refusal("only TCP has a handshake: use kind drop for {protocol}", protocols=("udp", "any")),
        Refusal(
            "{kind} is about the connections to a port: name the destination port", port_sides=("source",)
        ),
    ),
    canary=("held",),
    canary_data="\r\n\r\n",
    # the first try, what TCP sends again while the canary waits, and the RST by which it ends
    canary_packets=6,
    nft_rules=("drop",),
    sink="blackhole",
    nft_matches=((*NFT_DATA[0], *_ENDS), (*NFT_DATA[1], *_ENDS)),
    back=Back(("drop",), (_NOT_OPENING, _NOT_OPENING)),
)
