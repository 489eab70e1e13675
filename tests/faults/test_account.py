"""How a receipt is closed."""

from chaosproof.faults.backends.base import ObservedEnd
from chaosproof.faults.receipts.closing import (
    CLEANED,
    closed,
    closed_by_heal,
    met_another,
    packets_hit,
    still_on_at,
)
from chaosproof.runfolder.faults import Canary, FaultRecord

RESET = FaultRecord(
    id="a",
    kind="reset",
    direction="egress",
    planned_s=10,
    instance="app-0",
    backend="nft",
    fidelity="kernel expiry",
    planned_at=100.0,
    applied_at=100.5,
    expires_at=110.5,
    canary=Canary(before="open", during="refused"),
    apply_ms=500.0,
)


def test_the_kernel_may_have_begun_at_any_moment_of_a_slow_command():
    assert closed(RESET, 110.0, 3, "open").ended_by == "kernel"
    assert closed(RESET, 110.7, 3, "open").ended_by == "kernel"
    early = closed(RESET, 109.9, 3, "open")
    assert (early.ended_by, early.healed) == ("heal", True)


def test_what_a_watchdog_ends_is_told_so():
    assert closed(RESET.replace(fidelity="watchdog"), 110.6, 3, "open").ended_by == "watchdog"


def test_a_heal_that_was_quicker_than_the_observer_keeps_its_end():
    healed = closed_by_heal(RESET, 104.0, 8)
    assert (healed.ended_at, healed.ended_by, healed.packets) == (104.0, "heal", 7)
    final = closed(healed, 104.3, 5, "open")
    assert (final.ended_at, final.ended_by, final.packets, final.canary.after) == (104.0, "heal", 7, "open")
    observer_first = closed_by_heal(closed(RESET, 104.1, 5, "open"), 104.2, 8)
    assert (observer_first.ended_at, observer_first.packets) == (104.1, 7)


def test_the_chains_counter_is_believed_only_of_a_fault_that_was_alone():
    assert packets_hit(RESET, ObservedEnd(5, 112, 110.5), 100, alone=True) == 11
    assert packets_hit(RESET, ObservedEnd(5, 112, 110.5), 100, alone=False) == 4
    assert packets_hit(RESET, ObservedEnd(5, None, 110.5), 100, alone=True) == 4
    assert packets_hit(RESET, ObservedEnd(0, 100, 110.5), 100, alone=True) == 0


def test_a_fault_met_another_when_both_counted_in_one_chain():
    other = RESET.replace(id="b", ended_at=100.1)
    assert met_another(RESET, 99.0, [RESET, other])
    assert not met_another(RESET, 100.2, [RESET, other])
    assert met_another(RESET, 100.2, [other.replace(ended_at=None)])
    assert not met_another(RESET, 99.0, [other.replace(instance="app-1")])
    assert not met_another(RESET, 99.0, [other.replace(kind="drop")])
    assert not met_another(RESET, 99.0, [other.replace(applied_at=None)])


def test_a_fault_that_its_runner_had_to_take_back_does_not_name_the_watchdog():
    late = closed(RESET.replace(fidelity="watchdog", note="x"), 110.8, 3, "open", cleaned=True)
    assert (late.ended_by, late.ended_at, late.healed) == ("heal", 110.8, False)
    assert late.note == f"x; {CLEANED}"


def test_the_end_is_after_the_last_look_that_saw_it_on():
    """By the observer's clock where that agrees with ours; before it went on nobody can have seen it on."""
    assert still_on_at(RESET, ObservedEnd(5, None, 110.5, on_at=110.4), 110.5) == 110.4
    assert still_on_at(RESET, ObservedEnd(5, None, 90.5, on_at=90.4), 110.5) == 100.5
    assert still_on_at(RESET, ObservedEnd(5, None, 110.5), 110.5) == 100.5
    assert still_on_at(RESET.replace(applied_at=None), ObservedEnd(5, None, 110.5), 110.5) is None
