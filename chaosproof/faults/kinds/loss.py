"""`loss`: a share of the packets is gone."""

from chaosproof.faults.kinds.base import NetworkKind, Parameter

__all__ = ["KIND"]

KIND = NetworkKind(
    name="loss",
    does="drops packets at random",
    doc="Drop `loss_percent` % of the packets, at random.",
    layer="cut",
    parameters=(Parameter("loss_percent", 0.0, 100.0),),
    share="loss_percent",
    nft_rules=("drop",),
    sink="blackhole",
    iptables=("-j DROP", "-j DROP"),
)
