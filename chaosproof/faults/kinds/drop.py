"""`drop`: packets are gone, and nobody hears of it."""

from chaosproof.faults.kinds.base import NetworkKind

__all__ = ["KIND"]

KIND = NetworkKind(
    name="drop",
    does="drops packets without a word",
    doc="Drop packets without a word: who waits for an answer waits until its own timeout.",
    layer="cut",
    canary=("timeout",),
    nft_rules=("drop",),
    sink="blackhole",
    iptables=("-j DROP", "-j DROP"),
    tc_stand_in="netem loses 100 %",
)
