"""Whether a fault that acts by a queue did anything to the packets that went through it: to pass it proves nothing."""

from collections.abc import Iterator

from chaosproof.json_access import number
from chaosproof.judge.fault_rules.planned_faults import label_of
from chaosproof.runfolder.faults import FaultRecord

__all__ = ["SPARED_MAX", "effect_objections", "spared_chance"]

# the chance that none of a fault's packets was hit, above which nobody can say that one was
SPARED_MAX = 0.05


def effect_objections(fault: FaultRecord) -> Iterator[tuple[str, str]]:
    """What speaks against the effect that the fault's row asks for, of a fault through which packets passed: pairs of
    what is wrong and what is not known, where one of both is empty.
    """
    effect = fault.expects.effect if fault.expects else None
    if not effect:
        return
    label, packets = label_of(fault), fault.packets or 0
    if fault.expects and fault.expects.chance:
        spared = spared_chance(fault)
        if spared is None:
            yield "", f"{label}: how likely a packet was to be {effect} is not known"
        elif spared > SPARED_MAX:
            yield (
                "",
                f"{label}: no kernel counts which packets are {effect}, and of {packets} there may have been none (by "
                f"a chance of {spared:.0%}): let more pass while it is on, or ask for a larger {fault.expects.chance}",
            )
    elif fault.affected is None:
        yield "", f"{label}: how many of its {packets} packets were {effect} is not known"
    elif fault.affected <= 0 and fault.healed:
        yield "", f"{label}: a moment before it was healed none of its packets had been {effect}"
    elif fault.affected <= 0:
        yield (
            f"{label}: {packets} packets passed, and none was {effect}: it did nothing to them; "
            f"make it stronger than {_strength(fault)}, or let more traffic meet it",
            "",
        )


def spared_chance(fault: FaultRecord) -> float | None:
    """The chance that a fault which hits each packet by a chance of its own hit none; `None` where it is not known."""
    name = fault.expects.chance if fault.expects else None
    percent = number(fault.magnitude.get(name or ""))
    if percent is None or not 0 <= percent <= 100:
        return None
    return float((1 - percent / 100) ** max(0, fault.packets or 0))


def _strength(fault: FaultRecord) -> str:
    return ", ".join(f"{name} {value}" for name, value in fault.magnitude.items()) or "it was"
