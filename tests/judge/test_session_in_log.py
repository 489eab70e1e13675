"""Who a run is, is bound into its log of events: neither the session nor the log can be changed alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.judge import judge_run
from chaosproof.runfolder.session import SessionRecord, begun_data, identity_sha256
from tests.support.recorded_runs import Folder
from tests.support.runs import resilient_run


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
