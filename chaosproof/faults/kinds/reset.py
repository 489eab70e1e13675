"""`reset`: TCP connections end with RST."""

from chaosproof.faults.kinds.base import ANSWERS_ON_DESTINATION, Back, Choice, NetworkKind, Refusal

__all__ = ["KIND"]

# What a kernel says by an RST is for the other end, so that passes. Whoever sends before its connection is ended by
# `ss -K` would be told by the rule, and its end closed without a word to the other: until then its packets are held.
_BOTH = (
    "tcp flags & rst == rst accept",
    "tcp flags & syn == 0x0 meta nfproto @hold_{direction} drop",
    "reject with tcp reset",
)
_ONE = ("reject with tcp reset",)
_TARGET = "-j REJECT --reject-with tcp-reset"
_BUT_RST = f"! --tcp-flags RST RST {_TARGET}"

KIND = NetworkKind(
    name="reset",
    does="ends TCP connections with RST, open ones and new ones",
    doc=(
        "End every TCP connection to `port` with RST, at both ends: open ones at once, new ones as they are opened. "
        "With `sides` of `client` or `server` that end alone is told; the other one keeps its connection."
    ),
    layer="cut",
    port_required=True,
    refusals=(
        Refusal("only TCP can be reset: use kind reject or drop for {protocol}", protocols=("udp", "any")),
        ANSWERS_ON_DESTINATION,
    ),
    # a drop that eats the answers of a reset turns it into a blackhole
    conflicts_with=("drop", "loss"),
    choice=Choice(
        "sides",
        "which end of a connection is told",
        ("both", "client", "server"),
        {
            "client": {
                "nft_rules": _ONE,
                "nft_chain": "reset_client",
                "nft_hold_ms": 0,
                "iptables": (_TARGET, _TARGET),
                "iptables_at_first": "",
                "ends_open": ("egress",),
                "canary_peer": "open",
            },
            "server": {
                "nft_rules": (),
                "nft_chain": "reset_server",
                "nft_hold_ms": 0,
                "back": Back(_ONE),
                "iptables": None,
                "iptables_at_first": "",
                "tc_stand_in": "",
                "ends_open": ("ingress",),
                "canary": ("timeout",),
                "canary_peer": "open",
            },
        },
    ),
    ends_open=("egress", "ingress"),
    canary=("refused", "reset"),
    canary_peer="closed",
    nft_rules=_BOTH,
    # longer than `ss -K` takes behind it, with a thousand connections on a busy node: 200 ms were once too short
    nft_hold_ms=1000,
    iptables=(_BUT_RST, _BUT_RST),
    iptables_at_first="--tcp-flags SYN,RST NONE -j DROP",
    tc_stand_in="a blackhole, no reset: netem loses 100 %",
)
