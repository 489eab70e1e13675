"""`reorder`: packets overtake others."""

from chaosproof.faults.kinds.base import (
    DELAY_MS,
    JITTER_MS,
    ONLY_ON_EGRESS,
    NetworkKind,
    Parameter,
    netem,
    netem_delay,
)

__all__ = ["KIND"]

KIND = NetworkKind(
    name="reorder",
    does="lets packets overtake the delayed ones",
    doc=(
        "Let `reorder_percent` % of the outgoing packets overtake the rest, held for `delay_ms`. Needs netem."
    ),
    layer="shape",
    parameters=(Parameter("reorder_percent", 0.0, 100.0), DELAY_MS, JITTER_MS),
    refusals=(ONLY_ON_EGRESS,),
    qdisc=lambda magnitudes: netem(netem_delay(magnitudes), f"reorder {magnitudes['reorder_percent']:.6g}%"),
    effect="sent ahead of the rest",
    # where netem counts those that it puts at the head of its queue
    effect_counters=("requeues",),
)
