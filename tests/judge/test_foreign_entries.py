"""What somebody else had set while a run was on is named, and makes the run unknown, also one without a fault."""

from pathlib import Path

from chaosproof.judge.judge import judge_run
from chaosproof.runfolder.events import FOREIGN_ENTRY, ForeignEntry, record_event
from tests.support.runs import ENDED_AT, Run, resilient_run

RULE = ForeignEntry(
    instance="app-b-0",
    entry="a rule of nft in table inet theirs, chain out: tcp dport 7 drop",
    when="at the end",
)


def hit(run: Run, folder: Path) -> tuple[str, str]:
    record_event(run.write(folder), FOREIGN_ENTRY, RULE.to_json(), at=ENDED_AT)
    return next((c.status, c.details) for c in judge_run(folder).checks if c.id == "SYS_FAULT_HIT")


def test_it_is_named_with_its_place_and_the_moment(tmp_path: Path) -> None:
    status, details = hit(resilient_run(), tmp_path)
    assert status == "unknown"
    assert details.startswith(
        f"{RULE.entry} was on app-b-0 and is not of this run (first seen at 08:00:55 UTC, at the end)"
    )
    assert "do the run again while nobody else puts faults or rules on this system" in details


def test_a_run_without_a_fault_of_its_own_is_not_without_one(tmp_path: Path) -> None:
    run = resilient_run()
    run.experiment["extensions"][0]["no_fault"] = True
    for activities in (run.experiment["method"], run.journal["run"]):
        del activities[1]
    run.faults.clear()
    run.without.add("faults.jsonl")
    status, details = hit(run, tmp_path)
    assert (status, RULE.entry in details) == ("unknown", True), details


def test_what_is_wrong_outweighs_it(tmp_path: Path) -> None:
    run = resilient_run()
    run.fault.update(packets=0)
    status, details = hit(run, tmp_path)
    assert (status, "hit no packets" in details) == ("fail", True)
