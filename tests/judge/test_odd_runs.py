"""What the judge makes of runs that are odd and true, or that ended early."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaosproof.judge.check import guarded
from chaosproof.judge.judge import judge_run
from chaosproof.judge.next_steps import answer_of
from chaosproof.runfolder.checks import Check
from tests.support.runs import (
    DURATION_S,
    FAULT_END,
    HEADER,
    LOAD_AT,
    RATE_RPS,
    Run,
    activity,
    ran,
    requests_gz,
    resilient_run,
)
from tests.tampering.cases.made import instance, lack_capability

FEW_FAIL = {"id": "C08", "claim": "few requests fail", "figure": "load.error_ratio", "at_most": 0.05}


def test_a_run_killed_in_the_middle_of_its_fault_is_unknown(tmp_path: Path) -> None:
    run = resilient_run()
    run.session.update(complete=False, ended_at=None)
    del run.session["states"]
    run.rows[:] = run.rows[: 15 * RATE_RPS]
    run.raw["requests.csv.gz"] = requests_gz(run.rows)[:-11]
    run.fault.update(ended_at=None, ended_by=None, packets=0)
    run.fault["canary"].pop("after")
    run.artifacts.clear()
    run.without.update({"journal.json", "load-done.json", "series.json"})
    verdict = judge_run(run.write(tmp_path))
    assert verdict.status == "unknown"
    assert verdict.summary["load"]["requests"] > 0
    assert verdict.summary["fault"]["ended_at"] is None


def test_what_a_machine_cannot_do_is_skipped_and_still_no_pass(tmp_path: Path) -> None:
    run = resilient_run()
    lack_capability(run)
    verdict = judge_run(run.write(tmp_path))
    skipped = {c.id for c in verdict.checks if c.skipped}
    assert {"SYS_ACTIVITIES", "SYS_FAULT_HIT", "SYS_FAULT_ENDED", "SYS_FAULT_CANARY"} == skipped
    assert verdict.status == "unknown"


def test_an_experiment_without_a_fault_says_so_and_may_pass(tmp_path: Path) -> None:
    run = resilient_run()
    run.faults.clear()
    run.without.add("faults.jsonl")
    del run.experiment["method"][1], run.journal["run"][1]
    run.experiment["extensions"] = [{"name": "chaosproof", "no_fault": True, "checks": [FEW_FAIL]}]
    verdict = judge_run(run.write(tmp_path))
    hit = next(c for c in verdict.checks if c.id == "SYS_FAULT_HIT")
    assert hit.status == "pass" and "says that it has no fault" in hit.details
    assert verdict.status == "pass"
    assert verdict.summary["fault"] is None


def test_a_fault_that_was_healed_early_is_not_the_fault_that_was_asked_for(tmp_path: Path) -> None:
    run = resilient_run()
    run.fault.update(ended_at=FAULT_END - 3, ended_by="heal", healed=True)
    status, message = details(run, tmp_path / "by-somebody-else", "SYS_FAULT_ENDED")
    assert status == "fail" and "no activity of the journal says that it did" in message
    heal = run.journal["rollbacks"][0]
    heal["output"] = {"healed": 1, "faults": [{"id": "f0"}]}
    assert details(run, tmp_path / "another-was-healed", "SYS_FAULT_ENDED")[0] == "fail"
    heal["output"]["faults"][0]["id"] = "f1"
    status, message = details(run, tmp_path / "by-this-run", "SYS_FAULT_ENDED")
    assert status == "unknown"
    assert "was on for 7.00 of the 10 s of its duration_s" in message
    assert "let chaosproof.actions.network.wait_until_ended come before that, or ask for a " in message


def test_a_pause_that_was_resumed_early_is_not_the_pause_that_was_asked_for(tmp_path: Path) -> None:
    run = resilient_run()
    run.fault.update(kind="pause", direction=None, ended_at=FAULT_END - 3, ended_by="heal", healed=True)
    resume = activity("let it go on", "chaosproof.actions.process", "resume", instance="app-a-0")
    run.experiment["method"].append(resume)
    run.journal["run"].append(ran(resume, {"instance": "app-a-1"}))
    assert details(run, tmp_path / "another", "SYS_FAULT_ENDED")[0] == "fail"
    run.journal["run"][-1]["output"]["instance"] = "app-a-0"
    status, message = details(run, tmp_path / "this", "SYS_FAULT_ENDED")
    assert status == "unknown" and "chaosproof.actions.process.wait_until_ended" in message


def test_an_instance_killed_on_purpose_did_not_die_by_itself(tmp_path: Path) -> None:
    run = resilient_run()
    instance(run, stops=1, restarts=1)
    run.readiness.append({"at": FAULT_END + 1, "instance": "app-b-1", "event": "exited", "detail": ""})
    assert judge_run(run.write(tmp_path)).status == "pass"


def test_a_kill_is_proved_by_what_the_target_saw(tmp_path: Path) -> None:
    run = resilient_run()
    run.fault.update(
        kind="kill", instance="app-b-1", packets=None, planned_s=None, expires_at=None, canary=None
    )
    run.fault["spoke_with"] = {"app-a-0": run.fault["applied_at"] - 0.1}
    run.session["variables"]["fault_instance"] = "app-b-1"
    run.experiment["method"][1]["provider"] = {
        "type": "python",
        "module": "chaosproof.actions.process",
        "func": "kill",
    }
    run.experiment["extensions"] = [{"name": "chaosproof", "checks": [FEW_FAIL]}]
    instance(run, stops=1, restarts=1)
    hit = next(c for c in judge_run(run.write(tmp_path / "unseen")).checks if c.id == "SYS_FAULT_HIT")
    assert hit.status == "fail"
    run.readiness.append({"at": run.fault["applied_at"] + 0.01, "instance": "app-b-1", "event": "killed"})
    run.readiness.sort(key=lambda event: float(event["at"]))
    verdict = judge_run(run.write(tmp_path / "seen"))
    assert {c.id: c.details for c in verdict.checks if c.status != "pass"} == {}
    # over between two requests, and done again: that none was due in those moments is no objection
    run.fault["ended_at"] = run.fault["applied_at"] + 0.001
    again = {**run.fault, "id": "again", "applied_at": FAULT_END + 0.001, "ended_at": FAULT_END + 0.002}
    run.faults.append(again)
    run.readiness.append({"at": FAULT_END + 0.011, "instance": "app-b-1", "event": "killed"})
    twice = judge_run(run.write(tmp_path / "twice"))
    assert next(c for c in twice.checks if c.id == "SYS_FAULT_HIT").status == "pass"
    again["applied_at"] = again["ended_at"] = run.session["ended_at"] + 60
    late = next(c for c in judge_run(run.write(tmp_path / "late")).checks if c.id == "SYS_FAULT_HIT")
    assert late.status == "fail" and "no request was due while kill" in late.details


def test_in_the_closed_model_a_slow_system_is_no_fault_of_the_load(tmp_path: Path) -> None:
    """Twenty workers that wait all the time make fewer requests than planned; twenty idle ones must not."""
    for latency_s, expected in ((2.0, "pass"), (0.5, "fail")):
        run = resilient_run()
        run.plan["model"] = "closed"
        run.rows[:] = [
            [n, at, at, at + latency_s, 200, "SUCCESS", "app-a-0", 1]
            for n, at in enumerate(LOAD_AT + 2 * (n // 20) for n in range(20 * DURATION_S // 2))
        ]
        run.recount()
        rate = next(c for c in judge_run(run.write(tmp_path / expected)).checks if c.id == "SYS_LOAD_RATE")
        assert rate.status == expected, rate.details


@pytest.mark.parametrize(
    ("message", "mutate"),
    [
        ("no row", lambda rows: rows.pop(700)),
        ("more than one row", lambda rows: rows.append(rows[3])),
    ],
)
def test_in_the_closed_model_which_may_send_less_no_row_may_be_lost_or_doubled(
    tmp_path: Path, message: str, mutate: Callable[[list[Any]], object]
) -> None:
    run = resilient_run()
    run.plan["model"] = "closed"
    del run.rows[1900:]
    run.recount()
    accounted = next(
        c for c in judge_run(run.write(tmp_path / "whole")).checks if c.id == "SYS_LOAD_ACCOUNTED"
    )
    assert accounted.status == "pass", accounted.details
    mutate(run.rows)
    run.recount()
    accounted = next(
        c for c in judge_run(run.write(tmp_path / "spoilt")).checks if c.id == "SYS_LOAD_ACCOUNTED"
    )
    assert accounted.status == "fail"
    assert message in accounted.details


def test_a_checker_that_crashes_has_found_nothing_out() -> None:
    def crash() -> Check:
        raise ZeroDivisionError("division by zero")

    check = guarded("SYS_X", "journal.json", crash)
    assert check.status == "unknown"
    assert "ZeroDivisionError: division by zero" in check.details


def details(run: Run, folder: Path, check_id: str) -> tuple[str, str]:
    check = next(c for c in judge_run(run.write(folder)).checks if c.id == check_id)
    return check.status, answer_of(check)


@pytest.mark.parametrize(
    ("note", "packets", "expected"),
    [
        ("partition of app-a and app-b", 9, "pass"),
        ("partition of app-a and app-b", 0, "fail"),
        ("partition of app-a and app-b", None, "fail"),
        ("partition of app-a and app-c", 9, "fail"),
        ("", 9, "fail"),
    ],
)
def test_a_side_without_packets_is_spared_by_the_other_side_of_its_own_partition_only(
    tmp_path: Path, note: str, packets: int | None, expected: str
) -> None:
    run = resilient_run()
    run.fault.update(packets=0, note="partition of app-a and app-b")
    run.faults.append(run.fault | {"id": "f2", "packets": packets, "note": note})
    if expected == "pass":
        assert details(run, tmp_path, "SYS_FAULT_HIT")[0] == "pass"
    else:
        assert (
            "reset on app-a-0 hit no packets: it did not happen" in details(run, tmp_path, "SYS_FAULT_HIT")[1]
        )


def test_a_number_that_json_does_not_know_makes_the_file_unreadable(tmp_path: Path) -> None:
    run = resilient_run()
    run.session["ready_at"] = float("nan")
    status, said = details(run, tmp_path, "SYS_SESSION_COMPLETE")
    assert status == "unknown"
    assert "NaN is no JSON number" in said


def test_rows_that_are_none_are_said_to_be_none(tmp_path: Path) -> None:
    run = resilient_run()
    run.raw["requests.csv.gz"] = gzip.compress(f"{HEADER}\n".encode())
    assert details(run, tmp_path, "SYS_LOAD_RATE") == ("unknown", "no request is recorded; it has no rows")
