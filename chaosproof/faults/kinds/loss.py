"""`loss`: a share of the packets is gone, each by itself or in bursts."""

from chaosproof.faults.kinds.base import ONLY_ON_EGRESS, Magnitudes, NetworkKind, Parameter, netem

__all__ = ["KIND"]

_BURST = "burst_packets"


def _odds(magnitudes: Magnitudes) -> float:
    """How many packets are lost for each that is not."""
    share = magnitudes["loss_percent"] / 100
    return share / (1 - share) if share < 1 else float("inf")


def _impossible(magnitudes: Magnitudes) -> str:
    burst = magnitudes.get(_BURST)
    if burst is None or _odds(magnitudes) <= burst:
        return ""
    return (
        f"loss_percent is {magnitudes['loss_percent']:g}: between two bursts of {burst:g} packets at least one gets "
        f"through, so it must be at most {100 * burst / (burst + 1):.4g}"
    )


def _gilbert(magnitudes: Magnitudes) -> str:
    # the chances that a burst begins, and that one ends, with a packet: the second makes the bursts as long as asked
    # for, the first then the average
    ends = 1 / magnitudes[_BURST]
    begins = _odds(magnitudes) * ends
    return netem(f"loss gemodel {100 * begins:.8g}% {100 * ends:.8g}%")


KIND = NetworkKind(
    name="loss",
    does="drops packets at random",
    doc=(
        "Drop `loss_percent` % of the packets, at random: each by itself, or in bursts of `burst_packets` on average, "
        "which needs a kernel with netem."
    ),
    layer="cut",
    parameters=(
        Parameter("loss_percent", 0.0, 100.0),
        Parameter(_BURST, 1.0, 10_000.0, required=False),
    ),
    share="loss_percent",
    given={
        _BURST: {
            "layer": "shape",
            "sink": "",
            "share": "",
            "refusals": (ONLY_ON_EGRESS,),
            "differs": "its packets are those that it decides on, lost or not",
            "effect": "lost",
            "effect_counters": ("dropped",),
        }
    },
    check=_impossible,
    differs="of bulk data it loses what the stack hands over, a train of segments, at once",
    nft_rules=("drop",),
    sink="blackhole",
    qdisc=_gilbert,
    iptables=("-j DROP", "-j DROP"),
)
