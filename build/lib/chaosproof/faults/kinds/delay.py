"""`delay`: packets arrive later."""

from chaosproof.faults.kinds.base import (
    DELAY_MS,
    JITTER_MS,
    ONLY_ON_EGRESS,
    Delay,
    Magnitudes,
    NetworkKind,
    netem,
    netem_delay,
)

__all__ = ["KIND"]


def _held(magnitudes: Magnitudes) -> Delay:
    return Delay(magnitudes["delay_ms"] / 1000, magnitudes.get("jitter_ms", 0.0) / 1000)


KIND = NetworkKind(
    name="delay",
    does="holds packets back",
    doc="Hold outgoing packets back for `delay_ms`, give or take `jitter_ms`: by netem, or a program.",
    layer="shape",
    parameters=(DELAY_MS, JITTER_MS),
    refusals=(ONLY_ON_EGRESS,),
    qdisc=lambda magnitudes: netem(netem_delay(magnitudes)),
    held=_held,
)
