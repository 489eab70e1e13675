"""`reset`: TCP connections end with RST."""

from chaosproof.faults.kinds.base import ANSWERS_ON_DESTINATION, NetworkKind, Refusal

__all__ = ["KIND"]

_TARGET = "-j REJECT --reject-with tcp-reset"

KIND = NetworkKind(
    name="reset",
    does="ends TCP connections with RST, open ones and new ones",
    doc="Answer every TCP packet to or from `port` with RST: open connections end, new ones are refused.",
    layer="cut",
    port_required=True,
    refusals=(
        Refusal("only TCP can be reset: use kind reject or drop for {protocol}", protocols=("udp", "any")),
        ANSWERS_ON_DESTINATION,
    ),
    # a drop that eats the answers of a reset turns it into a blackhole
    conflicts_with=("drop", "loss"),
    ends_idle=True,
    canary=("refused", "reset"),
    nft_verdict="reject with tcp reset",
    iptables=(_TARGET, _TARGET),
    tc_stand_in="a blackhole, no reset: netem loses 100 %",
)
