"""Who a run is, is bound into its log of events: neither the session nor the log can be changed alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.judge import judge_run
from chaosproof.runfolder.events import EVENTS, record_event
from chaosproof.runfolder.session import SessionRecord, begun_data, identity_sha256
from tests.support.recorded_runs import Folder
from tests.support.runs import FAULT_AT, FAULT_END, Run, resilient_run


def events_of(folder: Folder) -> tuple[str, str]:
    folder.seal()
    check = next(check for check in judge_run(folder.path).checks if check.id == "SYS_EVENTS")
    return check.status, check.details


@pytest.mark.parametrize(
    ("changes", "objection"),
    [
        ({}, ""),
        ({"commit": "d" * 40}, "its commit is cccccccc"),
        ({"dirty": True}, "its dirty is False, and that of session.json True"),
        ({"seed": 8}, "its seed is 7, and that of session.json 8"),
        ({"target": "kubernetes"}, "its target is local, and that of session.json kubernetes"),
        ({"values": {"services": {}}}, "the variables, values, versions or machine in session.json are not"),
        ({"hostname": "there"}, "the variables, values, versions or machine in session.json are not"),
        (
            {"ended_at": 1_800_000_056.0},
            "its ended_at is 1800000055.0, and that of session.json 1800000056.0",
        ),
    ],
)
def test_what_a_run_is_cannot_be_changed_in_the_session_alone(
    tmp_path: Path, changes: dict[str, Any], objection: str
) -> None:
    folder = Folder(resilient_run().write(tmp_path))
    folder.change("session.json", lambda session: session.update(changes))
    status, details = events_of(folder)
    assert status == ("fail" if objection else "pass")
    assert objection in details


def test_a_variable_that_was_loosened_afterwards_is_seen(tmp_path: Path) -> None:
    folder = Folder(resilient_run().write(tmp_path))
    folder.change("session.json", lambda session: session["variables"].update(error_ratio_max=0.5))
    assert events_of(folder)[0] == "fail"


def test_what_the_session_binds_at_its_begin_is_what_its_file_says_at_its_end(tmp_path: Path) -> None:
    session = resilient_run().session
    session.pop("experiment_sha256")
    record = SessionRecord.from_json(session)
    written = record.to_json() | {"ended_at": 1.0, "complete": True, "lab": "l", "endpoints": {"a": 1}}
    assert begun_data(json.loads(json.dumps(record.to_json())))["identity_sha256"] == identity_sha256(written)


def log_says(run: Run, folder: Path, what: str, **changes: Any) -> list[str]:
    """What the check answers where the log, chained anew, has this of what happened."""
    del run.rows[1:]
    run.write(folder)
    rows = [json.loads(line) for line in (folder / EVENTS).read_text().splitlines()]
    (folder / EVENTS).unlink()
    for row in rows:
        data = row["data"] | (changes if row["what"] == what else {})
        record_event(folder, row["what"], data, at=row["at"])
    check = next(check for check in judge_run(folder).checks if check.id == "SYS_EVENTS")
    return [] if check.status == "pass" else check.details.partition(". Next")[0].split("; ")


@pytest.mark.parametrize(
    ("what", "key", "kept"),
    [
        ("fault_on", "kind", "reset"),
        ("fault_on", "instance", "app-a-0"),
        ("fault_on", "backend", "nft"),
        ("fault_on", "applied_at", FAULT_AT),
        ("fault_off", "ended_at", FAULT_END + 0.02),
        ("fault_off", "ended_by", "kernel"),
        ("fault_off", "packets", 412),
    ],
)
def test_a_fault_is_in_the_ledger_as_it_is_in_the_log(tmp_path: Path, what: str, key: str, kept: Any) -> None:
    said = f"faults.jsonl has {key} {kept} for f1, and the log of events 7"
    assert log_says(resilient_run(), tmp_path, what, **{key: 7}) == [said]


@pytest.mark.parametrize(
    ("ended_by", "packets", "agrees"),
    [
        ("heal", 411, True),
        ("heal", None, True),
        ("heal", 412, True),
        ("heal", 413, False),
        ("kernel", 411, False),
    ],
)
def test_the_observer_of_a_healed_fault_may_count_on(
    tmp_path: Path, ended_by: str, packets: int | None, agrees: bool
) -> None:
    """What was recorded as ended by the kernel may turn out to have been healed, and not the other way about."""
    run = resilient_run()
    run.fault["ended_by"] = ended_by
    said = f"faults.jsonl has packets 412 for f1, and the log of events {packets}"
    assert log_says(run, tmp_path, "fault_off", packets=packets, ended_by="kernel") == (
        [] if agrees else [said]
    )


def test_what_was_counted_cannot_be_forgotten(tmp_path: Path) -> None:
    run = resilient_run()
    run.fault.update(ended_by="heal", packets=None)
    said = "faults.jsonl has packets None for f1, and the log of events 1"
    assert log_says(run, tmp_path, "fault_off", packets=1) == [said]


def test_a_fault_of_the_log_alone_is_seen(tmp_path: Path) -> None:
    both = log_says(resilient_run(), tmp_path / "both", "fault_on", id="f0")
    assert both[:2] == [
        "faults.jsonl has kind None for f0, and the log of events reset",
        "faults.jsonl has instance None for f0, and the log of events app-a-0",
    ]
    assert both[-1] == "and 1 more"
