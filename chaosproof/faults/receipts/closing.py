"""How a receipt is closed: who ended the fault, when, and how many packets it hit. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from chaosproof.faults.backends.base import ObservedEnd
from chaosproof.faults.canary import hits
from chaosproof.faults.kinds import KINDS
from chaosproof.runfolder.faults import FaultRecord

__all__ = ["CLEANED", "closed", "closed_by_heal", "met_another", "packets_hit", "still_on_at"]

# clocks and timers may disagree by this much; an end that is earlier was somebody's doing
_EARLY_S = 0.05

CLEANED = "its watchdog did not take it back at the deadline, so its runner did"


def packets_hit(receipt: FaultRecord, end: ObservedEnd, counted: int, *, alone: bool) -> int:
    """The packets hit, less the canary's own.

    The fault's own counter vanishes with it, so it is known up to the observer's last look. Its chain's
    counter, which was at `counted` before, stays: it is exact where the fault was `alone` in that chain.
    """
    best = end.packets
    if alone and end.chain_packets is not None:
        best = max(best, end.chain_packets - counted)
    return max(0, best - _own(receipt))


def closed(
    receipt: FaultRecord, at: float, packets: int, after: str, *, cleaned: bool = False, note: str = ""
) -> FaultRecord:
    """The receipt with the end that the observer saw at `at`, and the canary's answer after it.

    `note` is added to its own. `cleaned` says that it was still on after its deadline, and that we took it back then.

    One that has been closed meanwhile, by a heal of ours, keeps its end.
    """
    canary = replace(receipt.canary, after=after)
    notes = "; ".join(part for part in (receipt.note, note) if part)
    receipt = receipt.replace(canary=canary, packets=max(receipt.packets or 0, packets), note=notes)
    if receipt.ended or receipt.applied_at is None:
        return receipt
    if cleaned:
        note = "; ".join(part for part in (receipt.note, CLEANED) if part)
        return receipt.replace(ended_at=at, ended_by="heal", note=note)
    # the kernel began to count at some moment of the command that put the fault on
    earliest = receipt.applied_at - (receipt.apply_ms or 0.0) / 1000 + (receipt.planned_s or 0.0)
    if at < earliest - _EARLY_S:
        return receipt.replace(ended_at=at, ended_by="heal", healed=True)
    return receipt.replace(ended_at=at, ended_by="kernel" if receipt.by_kernel else "watchdog")


def still_on_at(receipt: FaultRecord, end: ObservedEnd, at: float) -> float | None:
    """An instant after which the fault was still on, whose end was seen `at`; None for one that never went on.

    The observer's, where its clock agrees with ours; else the one at which it went on.
    """
    if receipt.applied_at is None or end.at != at:
        return receipt.applied_at
    return max(receipt.applied_at, end.on_at)


def closed_by_heal(receipt: FaultRecord, at: float, packets: int) -> FaultRecord:
    """The receipt of a fault that was on until we healed it at `at`, with `packets` on its counter."""
    count = max(receipt.packets or 0, packets - _own(receipt))
    # the observer may have been quicker to see the end, and then has the better instant
    return receipt.replace(ended_at=receipt.ended_at or at, ended_by="heal", healed=True, packets=count)


def met_another(receipt: FaultRecord, armed_at: float, others: Iterable[FaultRecord]) -> bool:
    """Whether another fault was in the same chain on the same instance at any time since `armed_at`."""
    return any(
        other.id != receipt.id
        and other.instance == receipt.instance
        and other.applied_at is not None
        and other.kind in KINDS
        and (other.kind == receipt.kind or (_may_queue(other) and _may_queue(receipt)))
        and other.direction == receipt.direction
        and (other.ended_at is None or other.ended_at >= armed_at)
        for other in others
    )


def _may_queue(receipt: FaultRecord) -> bool:
    """Whether it may have had a queue, of which there are few, so that others have had its chain."""
    kind = KINDS[receipt.kind]
    return kind.layer == "shape" or bool(kind.sink)


def _own(receipt: FaultRecord) -> int:
    return hits(receipt.canary.during, KINDS[receipt.kind].canary_packets)
