"""What proves that a fault acted and ended: each rule of its row at its own bound."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chaosproof.judge.fault_rules.load_behind import too_short_behind
from tests.support.asked import asked, material_of
from tests.support.runs import FAULT_AT, FAULT_END, LOAD_AT, Run, resilient_run

Bend = Callable[[Run], object]


def answer(run: Run, folder: Path, id: str) -> tuple[str, str, str]:
    check = asked(id, material_of(run, folder))
    return check.status, check.details, check.evidence


def killed(run: Run, seen_at: float | None, instance: str = "app-a-0", event: str = "killed") -> None:
    run.fault.update(kind="kill", packets=None, planned_s=None, expires_at=None, canary=None)
    run.fault.update(direction=None, selector={}, ended_at=FAULT_AT)
    run.experiment["method"][1]["provider"] |= {
        "module": "chaosproof.actions.process",
        "func": "kill",
        "arguments": {},
    }
    run.readiness.append({"at": seen_at, "instance": instance, "event": event, "detail": ""})


def promised(run: Run, *, peer: str | None) -> None:
    """A fault of today's kind, that promises to end connections at both ends."""
    canary = {"before": ["open"], "during": ["refused", "reset"], "after": ["open"], "peer": ["closed"]}
    run.fault.update(schema_version=2, expects={"proof": "packets", "canary": canary})
    run.fault["canary"].update(peer=peer)


def queued(run: Run, affected: int | None, **changes: object) -> None:
    """A fault that acts by a queue, through which its packets went."""
    run.fault.update(kind="rate", schema_version=2, expects={"proof": "packets", "effect": "held back"})
    run.fault.update(magnitude={"rate_kbit": 2000}, affected=affected, **changes)
    run.experiment["method"][1]["provider"].update(func="rate")


def by_chance(run: Run, percent: object, packets: int) -> None:
    """A fault that hits each packet by a chance of its own, and that no kernel counts."""
    expects = {"proof": "packets", "effect": "corrupted", "chance": "corrupt_percent"}
    run.fault.update(kind="corrupt", schema_version=2, expects=expects, packets=packets)
    run.fault.update(magnitude={"corrupt_percent": percent})
    run.experiment["method"][1]["provider"].update(func="corrupt")


UNSEEN = "kill on app-a-0: the target saw nothing happen to it"


@pytest.mark.parametrize(
    ("bend", "status", "details"),
    [
        (lambda r: None, "pass", "reset on app-a-0: 412 packets hit"),
        (lambda r: killed(r, FAULT_AT - 0.5), "pass", "kill on app-a-0: 0 packets hit"),
        (lambda r: killed(r, FAULT_AT - 0.51), "fail", UNSEEN),
        (lambda r: killed(r, FAULT_AT + 1), "pass", "kill on app-a-0: 0 packets hit"),
        (lambda r: killed(r, FAULT_AT, "app-a-1"), "fail", UNSEEN),
        (lambda r: killed(r, FAULT_AT, event="ready"), "fail", UNSEEN),
        (lambda r: killed(r, None), "fail", UNSEEN),
        (
            lambda r: (killed(r, FAULT_AT), r.fault.update(applied_at=None)),
            "fail",
            f"kill on app-a-0 never went on; {UNSEEN}; whether the load was on during the fault is not known",
        ),
        (lambda r: r.fault.update(error="no nft"), "fail", "reset on app-a-0: no nft"),
        (
            lambda r: (r.fault.update(kind="", instance=""), r.session["variables"].pop("fault_instance")),
            "fail",
            "fault on an unnamed instance is on no instance that the session knows",
        ),
        (lambda r: r.fault.update(packets=-1), "fail", "reset on app-a-0 hit no packets: it did not happen"),
        (
            lambda r: r.fault.update(packets=None),
            "unknown",
            "reset on app-a-0: how many packets it hit is not known",
        ),
        (
            lambda r: r.fault.update(schema_version=2),
            "unknown",
            "reset on app-a-0: its row does not say what would prove that it acted",
        ),
        (lambda r: queued(r, 1), "pass", "rate on app-a-0: 412 packets hit"),
        (
            lambda r: queued(r, 0),
            "fail",
            "rate on app-a-0: 412 packets passed, and none was held back: it did nothing to them; make it stronger "
            "than rate_kbit 2000, or let more traffic meet it",
        ),
        (
            lambda r: queued(r, None),
            "unknown",
            "rate on app-a-0: how many of its 412 packets were held back is not known",
        ),
        (
            lambda r: queued(r, 0, healed=True),
            "unknown",
            "rate on app-a-0: a moment before it was healed none of its packets had been held back",
        ),
        (lambda r: queued(r, 0, packets=0), "fail", "rate on app-a-0 hit no packets: it did not happen"),
        # 0.95 to the 59th is just below 5 %
        (lambda r: by_chance(r, 5, 59), "pass", "corrupt on app-a-0: 59 packets hit"),
        (
            lambda r: by_chance(r, 5, 58),
            "unknown",
            "corrupt on app-a-0: no kernel counts which packets are corrupted, and of 58 there may have been none (by "
            "a chance of 5%): let more pass while it is on, or ask for a larger corrupt_percent",
        ),
        (
            lambda r: by_chance(r, None, 400),
            "unknown",
            "corrupt on app-a-0: how likely a packet was to be corrupted is not known",
        ),
        (
            lambda r: r.faults.append(r.fault | {"id": "f2", "packets": 1}),
            "pass",
            "reset on app-a-0, reset on app-a-0: 413 packets hit",
        ),
        (
            lambda r: r.fault.update(applied_at=LOAD_AT - 9, ended_at=LOAD_AT - 1),
            "fail",
            "no request was sent while the fault was on",
        ),
    ],
)
def test_a_fault_is_proved_by_what_its_row_asks_for(
    tmp_path: Path, bend: Bend, status: str, details: str
) -> None:
    run = resilient_run()
    bend(run)
    found = answer(run, tmp_path, "SYS_FAULT_HIT")
    if status == "fail" and "never went on" in details:
        assert found[0] == "fail" and found[1].startswith(details.partition("; whether")[0])
    else:
        assert found == (status, details, "faults.jsonl")


@pytest.mark.parametrize(
    ("span", "met"),
    [((12.0, 13.0), True), ((12.5, 13.5), False), ((11.0, 12.0), True), ((11.01, 11.99), False)],
)
def test_each_of_two_faults_needs_a_request_that_was_due_while_it_was_on(
    tmp_path: Path, span: tuple[float, float], met: bool
) -> None:
    """Of the requests read here one was due every two seconds."""
    run = resilient_run()
    began, ended = (LOAD_AT + t for t in span)
    again = {
        "id": "f2",
        "applied_at": began,
        "ended_at": ended,
        "planned_s": ended - began,
        "expires_at": ended,
    }
    run.faults.append(run.fault | again)
    _, details, _ = answer(run, tmp_path, "SYS_FAULT_HIT")
    assert ("no request was due while reset on app-a-0 was on" in details) is not met


@pytest.mark.parametrize("end", ["first", "last"])
@pytest.mark.parametrize(("beyond_s", "met"), [(0.0, True), (0.01, False)])
def test_a_kill_needs_the_load_to_be_on_around_it(
    tmp_path: Path, end: str, beyond_s: float, met: bool
) -> None:
    run = resilient_run()
    at = LOAD_AT - beyond_s if end == "first" else float(run.rows[1900][1]) + beyond_s
    killed(run, at)
    run.fault.update(applied_at=at, ended_at=at)
    _, details, _ = answer(run, tmp_path, "SYS_FAULT_HIT")
    assert ("no request was due while kill on app-a-0 was on" in details) is not met


@pytest.mark.parametrize(("behind_s", "status"), [(1.0, "pass"), (0.99, "unknown"), (0.05, "unknown")])
def test_the_load_goes_on_for_a_second_behind_a_kill(tmp_path: Path, behind_s: float, status: str) -> None:
    """The figures look at requests through a second: of a later kill they show nothing, whatever it did."""
    run = resilient_run()
    at = float(run.rows[1900][1]) - behind_s
    killed(run, at)
    run.fault.update(applied_at=at, ended_at=at)
    found, details, _ = answer(run, tmp_path, "SYS_FAULT_HIT")
    assert found == status, details
    sentence = f"of kill on app-a-0: the load went on for {behind_s:.2f} s behind it"
    assert (sentence in details) is (status == "unknown")


@pytest.mark.parametrize(
    ("lasted_s", "behind_s", "enough"),
    [(None, 1.0, True), (None, 0.9, False), (4.0, 3.0, True), (4.0, 2.9, False), (-1.0, 1.0, True)],
)
def test_what_lasts_is_under_the_load_for_half_of_its_time_besides(
    lasted_s: float | None, behind_s: float, enough: bool
) -> None:
    """An end that is not known, or that a clock has set back, is that of something over at once."""
    ended_at = None if lasted_s is None else FAULT_AT + lasted_s
    assert (too_short_behind(FAULT_AT, ended_at, FAULT_AT + behind_s) == "") is enough


ENDED = "reset on app-a-0 ended +0.020 s from its deadline by kernel"


@pytest.mark.parametrize(
    ("bend", "status", "details"),
    [
        (lambda r: None, "pass", ENDED),
        (lambda r: r.fault.update(expires_at=None), "pass", ENDED),
        (lambda r: r.fault.update(expires_at=FAULT_END - 0.5), "pass", ENDED),
        (
            lambda r: r.fault.update(expires_at=FAULT_END - 0.51),
            "fail",
            "reset on app-a-0 was to expire after 9.49 s, planned 10 s",
        ),
        (lambda r: r.fault.update(applied_at=None), "unknown", "reset on app-a-0 never went on"),
        (lambda r: r.fault.update(ended_at=None), "fail", "reset on app-a-0 was not seen to end"),
        (
            lambda r: r.fault.update(ended_at=FAULT_AT - 0.5, planned_s=0.25, expires_at=FAULT_AT + 0.25),
            "fail",
            "reset on app-a-0 ended before it went on; reset on app-a-0 ended 0.75 s before its deadline",
        ),
        (lambda r: r.fault.update(planned_s=-1.0), "fail", "reset on app-a-0 has no planned duration"),
        (lambda r: r.fault.update(planned_s=None), "fail", "reset on app-a-0 has no planned duration"),
        (lambda r: killed(r, FAULT_AT), "pass", "every fault ended"),
        (
            lambda r: r.faults.insert(0, r.fault | {"id": "f0", "applied_at": None}),
            "unknown",
            "reset on app-a-0 never went on",
        ),
        (
            lambda r: r.faults.append(
                r.fault | {"id": "f2", "ended_at": FAULT_END - 0.25, "ended_by": "heal"}
            ),
            "pass",
            f"{ENDED}; reset on app-a-0 ended -0.250 s from its deadline by heal",
        ),
        (
            lambda r: r.faults.insert(0, r.fault | {"id": "f0", "ended_at": None}),
            "fail",
            "reset on app-a-0 was not seen to end",
        ),
        (
            lambda r: r.faults.append(r.fault | {"id": "f2", "ended_at": FAULT_END + 2}),
            "fail",
            "reset on app-a-0 ended 2.00 s after its deadline",
        ),
    ],
)
def test_each_fault_ended_at_its_deadline(tmp_path: Path, bend: Bend, status: str, details: str) -> None:
    run = resilient_run()
    bend(run)
    found = answer(run, tmp_path, "SYS_FAULT_ENDED")
    assert (found[0], found[2]) == (status, "faults.jsonl")
    assert found[1].startswith(details)


@pytest.mark.parametrize(
    ("bend", "status", "details"),
    [
        (lambda r: None, "pass", "reset proved by the canary"),
        (
            lambda r: (killed(r, FAULT_AT), r.faults.append(resilient_run().fault | {"id": "f2"})),
            "pass",
            "kill, reset proved by the canary",
        ),
        (
            lambda r: killed(r, FAULT_AT),
            "pass",
            "no fault of this run cuts TCP connections, so there is nothing to prove by one",
        ),
        (
            lambda r: r.fault.update(schema_version=2),
            "unknown",
            "reset on app-a-0: its row does not say what a connection had to meet",
        ),
        (
            lambda r: r.faults.insert(0, r.fault | {"id": "f0", "canary": {"before": "", "during": "open"}}),
            "fail",
            "reset on app-a-0: the canary during it saw open, not refused or reset",
        ),
        (
            lambda r: (
                r.faults.append(r.fault | {"id": "f2", "canary": {"before": "open", "during": "open"}}),
                r.fault.update(schema_version=2),
            ),
            "fail",
            "reset on app-a-0: the canary during it saw open, not refused or reset",
        ),
        (
            lambda r: r.fault.update(canary={"before": "", "during": "none", "after": "open"}),
            "unknown",
            "reset on app-a-0: no canary was sent before it; reset on app-a-0: no canary was sent during it",
        ),
        (
            lambda r: r.fault["canary"].update(after="held"),
            "fail",
            "reset on app-a-0: the canary after it saw held, not open",
        ),
        (
            lambda r: r.fault["canary"].update(before="reset"),
            "fail",
            "reset on app-a-0: the canary before it saw reset, not open",
        ),
        (
            lambda r: promised(r, peer="open"),
            "fail",
            "reset on app-a-0: the connections that it found open were open at their other end, not closed",
        ),
        (lambda r: promised(r, peer="closed"), "pass", "reset proved by the canary"),
        # no connection was open, or nobody at the other end could be asked
        (lambda r: promised(r, peer="none"), "pass", "reset proved by the canary"),
        (
            lambda r: (promised(r, peer="unknown"), r.fault.update(note="ss ended with 127")),
            "unknown",
            "reset on app-a-0: what became of the connections that it found open is not known: ss ended with 127",
        ),
        (lambda r: r.fault["canary"].update(peer="open"), "pass", "reset proved by the canary"),
        # as of a runner that was killed behind the fault
        (
            lambda r: promised(r, peer=None),
            "unknown",
            "reset on app-a-0: nobody looked at the other end of the connections that it found open",
        ),
    ],
)
def test_a_connection_met_what_each_fault_promises(
    tmp_path: Path, bend: Bend, status: str, details: str
) -> None:
    run = resilient_run()
    bend(run)
    found = answer(run, tmp_path, "SYS_FAULT_CANARY")
    assert (found[0], found[2]) == (status, "faults.jsonl#canary")
    assert found[1].startswith(details)
