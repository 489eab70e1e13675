"""What a fault's own row lacks to prove that the fault acted, and was what it says."""

from collections.abc import Iterator

from chaosproof.judge.fault_rules.planned_faults import label_of
from chaosproof.judge.fault_rules.queue_effect import effect_objections
from chaosproof.runfolder.faults import CanaryExpectation, FaultRecord

__all__ = ["canary_objections", "unproven"]


def unproven(fault: FaultRecord) -> Iterator[str]:
    """A sentence for each thing that is missing in the row of a fault that has ended; none when it is proven.

    A fault that is proven by what happened to its instance is not looked at here but for its row.
    """
    label, expects = label_of(fault), fault.expects
    if fault.error:
        yield f"{label}: {fault.error}"
    if fault.applied_at is None:
        yield f"{label} never went on"
        return
    if expects is None:
        yield f"{label}: its row does not say what would prove that it acted"
        return
    if expects.proof == "packets" and not fault.packets:
        yield (
            f"{label} hit no packets: is there traffic while it is on, and are its port, peer and direction the "
            "traffic's?"
        )
    elif expects.proof == "packets":
        for wrong, unclear in effect_objections(fault):
            yield wrong or unclear
    if expects.canary is not None:
        for wrong, unclear in canary_objections(fault, expects.canary):
            yield wrong or unclear


def canary_objections(fault: FaultRecord, expected: CanaryExpectation) -> Iterator[tuple[str, str]]:
    """What a test connection met that the fault does not promise: pairs of what is wrong and what is not known, where
    one of both is empty.
    """
    label, canary = label_of(fault), fault.canary
    for moment, allowed, seen in (
        ("before", expected.before, canary.before),
        ("during", expected.during, canary.during),
        ("after", expected.after, canary.after),
    ):
        if seen in ("", "none"):
            yield "", f"{label}: no canary was sent {moment} it"
        elif seen not in allowed:
            yield f"{label}: the canary {moment} it saw {seen}, not {' or '.join(allowed)}", ""
    # where no connection was open there is no other end to be told
    if expected.peer and canary.peer == "unknown":
        yield "", f"{label}: what became of the connections that it found open is not known: {fault.note}"
    elif expected.peer and not canary.peer:
        yield "", f"{label}: nobody looked at the other end of the connections that it found open"
    elif expected.peer and canary.peer not in ("none", *expected.peer):
        yield (
            (
                f"{label}: the connections that it found open were {canary.peer} at their other end, "
                f"not {' or '.join(expected.peer)}"
            ),
            "",
        )
