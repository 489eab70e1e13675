"""`rate`: packets share a bandwidth."""

from chaosproof.faults.kinds.base import ONLY_ON_EGRESS, Magnitudes, NetworkKind, Parameter

__all__ = ["KIND"]

# a queue longer than this would still be emptying when the fault has long ended
_QUEUE_S = 0.25
_MTU_BYTES = 1514
# tbf refills at every timer tick: its bucket must hold what a tick of 4 ms brings
_TICK_S = 0.004
# of loopback, with its header: what does not fit into its bucket tbf never lets through
_LO_MTU_BYTES = 65_550


def _tbf(magnitudes: Magnitudes, least_bytes: int = 2 * _MTU_BYTES) -> str:
    rate_kbit = magnitudes["rate_kbit"]
    bytes_per_s = rate_kbit * 125
    burst = round(max(least_bytes, bytes_per_s * _TICK_S))
    limit = round(burst + max(least_bytes, bytes_per_s * _QUEUE_S))
    return f"tbf rate {round(rate_kbit * 1000)}bit burst {burst}b limit {limit}b"


KIND = NetworkKind(
    name="rate",
    does="holds packets to a bandwidth",
    doc="Hold outgoing packets to a bandwidth of `rate_kbit` kbit/s.",
    layer="shape",
    parameters=(Parameter("rate_kbit", 8.0, 10_000_000.0),),
    refusals=(ONLY_ON_EGRESS,),
    # measured at 4 Mbit/s, beside the same queue on a bridge on the way
    differs="a TCP keeps its own host's queue shorter than one on the way (round trips of 26 ms for 38)",
    qdisc=_tbf,
    qdisc_on_lo=lambda magnitudes: _tbf(magnitudes, _LO_MTU_BYTES),
    qdisc_needs=("htb",),
    effect="held back",
    # each time that the next packet has to wait, and each that finds the queue full
    effect_counters=("overlimits", "dropped"),
)
