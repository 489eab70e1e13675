"""`corrupt`: packets arrive with a wrong bit."""

from chaosproof.faults.kinds.base import ONLY_ON_EGRESS, NetworkKind, Parameter, netem

__all__ = ["KIND"]

KIND = NetworkKind(
    name="corrupt",
    does="flips a bit in packets",
    doc="Flip a bit in `corrupt_percent` % of the outgoing packets. Needs a kernel with netem.",
    layer="shape",
    parameters=(Parameter("corrupt_percent", 0.0, 100.0),),
    refusals=(ONLY_ON_EGRESS,),
    differs="a bit that is flipped in the header of the link is noticed by nobody",
    qdisc=lambda magnitudes: netem(f"corrupt {magnitudes['corrupt_percent']:.6g}%"),
    effect="corrupted",
    # netem counts none of them
    effect_chance="corrupt_percent",
)
