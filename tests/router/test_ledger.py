"""The fold of the ledgers: each request has one fate, and nothing that both ends wrote is overlooked."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaosproof.demo.plugin.absences import absences_of
from chaosproof.demo.router.ledger import Ledger
from chaosproof.demo.router.request_ledger import (
    Disruption,
    LedgerError,
    disruption_figures,
    fold_ledger,
    read_events,
    window_figures,
)
from chaosproof.errors import ChaosproofError


def event(at, name, what, **facts):
    return {"at": at, "id": name, "event": what, **facts}


def sent(name, at=0.0):
    return [event(at, name, "due", due_at=at), event(at, name, "sent")]


def answered(name, at, code="ok", status=200):
    return event(at, name, "answered", code=code, status=status)


def test_each_request_has_the_fate_that_its_events_tell():
    client = [
        *sent("ok"), answered("ok", 0.1),
        *sent("error"), answered("error", 0.1, "overloaded", 503),
        *sent("slow"), answered("slow", 1.0, "timeout", 504),
        *sent("lost"), event(5.0, "lost", "gave_up"),
        *sent("cut"), event(5.0, "cut", "connection_lost"),
        event(0.0, "unsent", "due"), event(0.0, "unsent", "not_sent"),
    ]  # fmt: skip
    fold = fold_ledger(client, [])
    assert {key: fold[key] for key in ("requests", "ok", "error", "timed_out", "lost", "not_sent")} == {
        "requests": 6, "ok": 1, "error": 1, "timed_out": 1, "lost": 2, "not_sent": 1,
    }  # fmt: skip


def test_a_second_answer_is_a_duplicate_and_does_not_change_the_fate():
    client = [*sent("r"), answered("r", 0.1, "timeout", 504), answered("r", 0.2)]
    fold = fold_ledger(client, None)
    assert (fold["timed_out"], fold["ok"], fold["duplicates"]) == (1, 0, 1)


def test_work_done_twice_late_or_never_is_counted():
    client = [
        *sent("twice"), answered("twice", 0.2),
        *sent("late"), answered("late", 1.0, "timeout", 504),
        *sent("phantom"), answered("phantom", 0.1),
        *sent("given-up"), event(1.0, "given-up", "gave_up"),
    ]  # fmt: skip
    executions = [
        event(0.1, "twice", "executed"), event(0.15, "twice", "executed"),
        event(2.0, "late", "executed"), event(2.0, "given-up", "executed"),
        event(0.1, "of somebody else", "executed"),
    ]  # fmt: skip
    fold = fold_ledger(client, executions)
    assert (fold["executed_again"], fold["late"], fold["ok_unexecuted"], fold["executed"]) == (1, 2, 1, 3)


def test_without_the_other_ends_ledger_what_needs_it_is_not_known():
    fold = fold_ledger([*sent("r"), answered("r", 0.1)], None)
    assert (fold["executed"], fold["executed_again"], fold["late"], fold["ok_unexecuted"]) == (None,) * 4


def test_latencies_count_from_due_and_waits_from_sent():
    client = [
        event(0.5, "r", "due", due_at=0.0),
        event(0.5, "r", "sent"),
        answered("r", 0.6),
    ]
    codes = fold_ledger(client, None)["codes"]["ok"]
    assert (codes["max_ms"], codes["wait_max_ms"]) == (600.0, 100.0)


FATES = st.sampled_from(["ok", "overloaded", "timeout", None])


@given(st.lists(st.tuples(FATES, st.integers(0, 2), st.integers(0, 2)), max_size=40))
def test_the_fates_always_add_up_to_the_requests(plan):
    client, executions = [], []
    for number, (code, again, executed) in enumerate(plan):
        name = f"r-{number}"
        client += sent(name)
        if code is not None:
            client += [answered(name, 1.0, code, 200 if code == "ok" else 503)] * (1 + again)
        executions += [event(0.5, name, "executed")] * executed
    fold = fold_ledger(client, executions)
    assert sum(fold[fate] for fate in ("ok", "error", "timed_out", "lost", "not_sent")) == len(plan)
    assert fold["duplicates"] == sum(again for code, again, _ in plan if code is not None)
    assert fold["executed_again"] == sum(max(0, executed - 1) for _, _, executed in plan)


def test_around_a_disruption_it_is_told_who_was_in_flight_who_was_refused_and_when_it_resumed():
    client = [
        *sent("before", 0.0), answered("before", 0.5),
        *sent("in-flight", 0.9), answered("in-flight", 1.05, "nats_unreachable", 503),
        *sent("refused", 1.2), answered("refused", 1.21, "nats_unreachable", 503),
        *sent("too-early", 1.6), answered("too-early", 1.61, "router_unreachable", 503),
        *sent("first", 1.9), answered("first", 2.0),
    ]  # fmt: skip
    figures = disruption_figures(client, [Disruption(1.0, 1.5)], gone_code="nats_unreachable")
    assert figures["inflight_min"] == 1
    assert figures["told_max_ms"] == pytest.approx(50)
    assert figures["refused_max_ms"] == pytest.approx(10)
    assert figures["resumed_max_s"] == pytest.approx(0.4)


def test_a_service_that_does_not_resume_before_the_next_disruption_is_not_said_to_have_resumed():
    client = [*sent("late", 5.0), answered("late", 5.1)]
    gone = [Disruption(1.0, 1.5), Disruption(3.0, 3.5)]
    figures = disruption_figures(client, gone, gone_code="nats_unreachable")
    assert figures["each"][0]["resumed_s"] is None
    assert figures["resumed_max_s"] is None


def test_a_window_counts_those_due_in_it():
    client = [*sent("a", 10.0), answered("a", 10.1), *sent("b", 12.0), answered("b", 12.1, "overloaded", 503)]
    assert window_figures(client, 0, 1) == {"requests": 1, "ok": 1, "error_ratio": 0.0, "codes": {"ok": 1}}
    assert window_figures(client, 1, 5)["error_ratio"] == 1.0
    assert window_figures(client, 5, 9)["error_ratio"] is None


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_disruption_begins_with_its_fault_and_ends_when_the_target_saw_it_ready(tmp_path):
    def seen(at, what, instance="nats-0"):
        return {"at": at, "instance": instance, "event": what}

    readiness = write_lines(
        tmp_path / "readiness.ndjson",
        [
            seen(1.0, "ready"), seen(5.0, "not_ready"), seen(5.02, "killed"), seen(5.1, "started"),
            seen(5.2, "ready"), seen(6.0, "exited", "router-0"), seen(9.0, "exited"), seen(9.5, "ready"),
        ],
    )  # fmt: skip
    faults = write_lines(
        tmp_path / "faults.jsonl",
        [
            {"instance": "nats-0", "planned_at": 4.99, "applied_at": 5.0},
            {"instance": "nats-0", "planned_at": 5.01, "applied_at": 5.2},
        ],
    )
    assert absences_of(readiness, faults, "nats-0") == [(4.99, 5.2), (9.0, 9.5)]
    with pytest.raises(ChaosproofError, match="router-0 went away and did not come back"):
        absences_of(readiness, faults, "router-0")
    with pytest.raises(ChaosproofError, match="gateway-0 never went away"):
        absences_of(readiness, faults, "gateway-0")


def test_a_disruption_whose_instant_is_exact_begins_there(tmp_path):
    killed = {"at": 5.06, "instance": "nats-0", "event": "killed", "exact": True}
    ready = {"at": 7.0, "instance": "nats-0", "event": "ready"}
    readiness = write_lines(tmp_path / "readiness.ndjson", [killed, ready])
    fault = {"instance": "nats-0", "planned_at": 4.99, "applied_at": 5.0}
    faults = write_lines(tmp_path / "faults.jsonl", [fault])
    assert absences_of(readiness, faults, "nats-0") == [(5.06, 7.0)]


def test_what_one_end_writes_the_fold_reads_and_a_cut_last_line_is_left_out(tmp_path):
    path = tmp_path / "ledger" / "client.ndjson"
    ledger = Ledger(path, clock=lambda: 7.0)
    ledger.write("r-1", "due", due_at=6.9)
    ledger.write("r-1", "sent")
    ledger.close()
    with path.open("a") as file:
        file.write('{"at": 8.0, "id": "r-')
    assert [one["event"] for one in read_events(path)] == ["due", "sent"]


def test_a_line_that_is_no_event_is_named(tmp_path):
    path = tmp_path / "client.ndjson"
    path.write_text('{"at": 1, "id": "r", "event": "due"}\n{"id": "r"}\n')
    with pytest.raises(LedgerError, match=r"client\.ndjson, line 2"):
        read_events(path)
    with pytest.raises(LedgerError, match="Cannot read the ledger"):
        read_events(tmp_path / "none.ndjson")
