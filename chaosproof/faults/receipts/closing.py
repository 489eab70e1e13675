"""How a receipt is closed: who ended the fault, when, and how many packets it hit. Pure."""

from collections.abc import Iterable

from chaosproof.faults.backends.base import ObservedEnd
from chaosproof.faults.canary import hits
from chaosproof.faults.receipts.receipt import Canary, Receipt

__all__ = ["CLEANED", "closed", "closed_by_heal", "met_another", "packets_hit"]

# clocks and timers may disagree by this much; an end that is earlier was somebody's doing
_EARLY_S = 0.05

CLEANED = "its watchdog did not take it back at the deadline, so its runner did"


def packets_hit(receipt: Receipt, end: ObservedEnd, counted: int, *, alone: bool) -> int:
    """The packets hit, less the canary's own.

    The fault's own counter vanishes with it, so it is known up to the observer's last look. Its chain's
    counter, which was at `counted` before, stays: it is exact where the fault was `alone` in that chain.
    """
    best = end.packets
    if alone and end.chain_packets is not None:
        best = max(best, end.chain_packets - counted)
    return max(0, best - hits(receipt.canary.during))


def closed(
    receipt: Receipt, at: float, packets: int, after: str, *, cleaned: bool = False, note: str = ""
) -> Receipt:
    """The receipt with the end that the observer saw at `at`, and the canary's answer after it.

    `note` is added to its own. `cleaned` says that it was still on after its deadline, and that we took it back then.

    One that has been closed meanwhile, by a heal of ours, keeps its end.
    """
    canary = Canary(receipt.canary.before, receipt.canary.during, after)
    notes = "; ".join(part for part in (receipt.note, note) if part)
    receipt = receipt.but(canary=canary, packets=max(receipt.packets, packets), note=notes)
    if receipt.ended or receipt.applied_at is None:
        return receipt
    if cleaned:
        note = "; ".join(part for part in (receipt.note, CLEANED) if part)
        return receipt.but(ended_at=at, ended_by="heal", note=note)
    # the kernel began to count at some moment of the command that put the fault on
    earliest = receipt.applied_at - (receipt.apply_ms or 0.0) / 1000 + receipt.fault.duration_s
    if at < earliest - _EARLY_S:
        return receipt.but(ended_at=at, ended_by="heal", healed=True)
    return receipt.but(ended_at=at, ended_by="kernel" if receipt.by_kernel else "watchdog")


def closed_by_heal(receipt: Receipt, at: float, packets: int) -> Receipt:
    """The receipt of a fault that was on until we healed it at `at`, with `packets` on its counter."""
    count = max(receipt.packets, packets - hits(receipt.canary.during))
    # the observer may have been quicker to see the end, and then has the better instant
    return receipt.but(ended_at=receipt.ended_at or at, ended_by="heal", healed=True, packets=count)


def met_another(receipt: Receipt, armed_at: float, others: Iterable[Receipt]) -> bool:
    """Whether another fault was in the same chain on the same instance at any time since `armed_at`."""
    return any(
        other.id != receipt.id
        and other.instance == receipt.instance
        and other.applied_at is not None
        and other.fault.layer == receipt.fault.layer
        and (other.fault.layer == "shape" or other.fault.kind == receipt.fault.kind)
        and other.fault.direction == receipt.fault.direction
        and (other.ended_at is None or other.ended_at >= armed_at)
        for other in others
    )
