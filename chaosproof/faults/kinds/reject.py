"""`reject`: ICMP port unreachable is the answer."""

from chaosproof.faults.kinds.base import ANSWERS_ON_DESTINATION, NetworkKind

__all__ = ["KIND"]

KIND = NetworkKind(
    name="reject",
    does="answers with ICMP port unreachable",
    doc="Answer packets with ICMP port unreachable.",
    layer="cut",
    refusals=(ANSWERS_ON_DESTINATION,),
    conflicts_with=("drop", "loss"),
    canary=("refused", "reset"),
    nft_rules=("reject with icmpx port-unreachable",),
    iptables=(
        "-j REJECT --reject-with icmp-port-unreachable",
        "-j REJECT --reject-with icmp6-port-unreachable",
    ),
)
