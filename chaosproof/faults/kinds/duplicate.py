"""`duplicate`: packets arrive twice."""

from chaosproof.faults.kinds.base import ONLY_ON_EGRESS, NetworkKind, Parameter, netem

__all__ = ["KIND"]

KIND = NetworkKind(
    name="duplicate",
    does="sends packets twice",
    doc="Send `duplicate_percent` % of the outgoing packets twice. Needs a kernel with netem.",
    layer="shape",
    parameters=(Parameter("duplicate_percent", 0.0, 100.0),),
    refusals=(ONLY_ON_EGRESS,),
    qdisc=lambda magnitudes: netem(f"duplicate {magnitudes['duplicate_percent']:.6g}%"),
    effect="duplicated",
    # netem counts none of them
    effect_chance="duplicate_percent",
)
