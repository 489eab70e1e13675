"""How the parts of a verdict are put together: which claims, which rows, which step behind each."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chaosproof.errors import UsageError
from chaosproof.judge.judge import Verdict, judge_run
from chaosproof.report.write import write_verdict
from chaosproof.runfolder.checks import Check
from tests.support.runs import FAULT_AT, Run, activity, ran, resilient_run
from tests.tampering.cases.made import lack_capability

Bend = Callable[[Run], object]
CLAIM = {"id": "C1", "claim": "x", "figure": "load.requests", "at_least": 1}
NONE_GONE = {"id": "C1", "claim": "x", "figure": "load.codes.GONE", "at_most": 0, "default": 0}
AGAIN = "chaos run experiments/s4.json --var mode=resilient"


def judged(run: Run, folder: Path, checks: list[Any] | None = None, **extension: Any) -> Verdict:
    """With these claims only, and no comparison."""
    if checks is not None:
        run.experiment["extensions"][0] |= {"checks": checks, "compare": [], **extension}
    return judge_run(run.write(folder))


def row(verdict: Verdict, id: str) -> tuple[str, str] | None:
    return next(((c.status, c.details) for c in verdict.checks if c.id == id), None)


def test_a_run_with_a_claim_of_its_mode_has_no_row_that_says_there_is_none(tmp_path: Path) -> None:
    verdict = judged(resilient_run(), tmp_path, [CLAIM, CLAIM | {"id": "C2", "modes": ["baseline"]}])
    assert [c.id for c in verdict.checks if not c.id.startswith("SYS_")] == ["C1"]
    assert [claim.id for claim in verdict.claims] == ["C1"]
    assert row(verdict, "SYS_CLAIMS") is None
    assert verdict.status == "pass"


def test_a_claim_with_a_mistake_fails_in_every_mode(tmp_path: Path) -> None:
    verdict = judged(
        resilient_run(), tmp_path, [CLAIM, CLAIM | {"id": "C2", "modes": ["baseline"], "at_mots": 1}]
    )
    found = row(verdict, "C2")
    assert found is not None
    assert found[0] == "fail" and "the claim is malformed" in found[1]


def test_a_run_without_a_mode_is_held_to_the_claims_of_all_modes(tmp_path: Path) -> None:
    run = resilient_run()
    run.session.pop("mode")
    assert row(judged(run, tmp_path, [CLAIM]), "C1") == ("pass", "x: load.requests = 2000 (at least 1)")


@pytest.mark.parametrize(("codes", "status"), [([], "unknown"), (["GONE"], "pass")])
def test_a_code_that_the_extension_names_is_known(tmp_path: Path, codes: list[str], status: str) -> None:
    found = row(judged(resilient_run(), tmp_path, [NONE_GONE], codes=codes), "C1")
    assert found is not None and found[0] == status


def unfinished(run: Run) -> None:
    run.session["complete"] = False


def taken_away(run: Run) -> None:
    gone = {"at": FAULT_AT + 2, "instance": "app-a-0", "event": "exited", "detail": "the pod was deleted"}
    run.readiness.append(gone)


@pytest.mark.parametrize(
    ("bend", "why"),
    [
        (unfinished, "the run did not end"),
        (taken_away, "the instance app-a-0 died 2.0 s into its fault: it was taken away"),
    ],
)
def test_what_a_run_shows_that_was_not_what_it_was_to_be_is_not_known(
    tmp_path: Path, bend: Bend, why: str
) -> None:
    """A failure of ours and every claim; what passes stays as it is."""
    run = resilient_run()
    bend(run)
    run.fault["packets"] = 0
    verdict = judged(run, tmp_path, [CLAIM])
    step = f"Next: let it run to its end: {AGAIN}"
    so = f"{why}, so this is not known: "
    assert row(verdict, "SYS_FAULT_HIT") == (
        "unknown",
        f"{so}reset on app-a-0 hit no packets: it did not happen. {step}",
    )
    assert row(verdict, "C1") == ("unknown", f"{so}x: load.requests = 2000 (at least 1). {step}")
    assert row(verdict, "SYS_ROLLBACKS") == ("pass", "1 rollback ran and succeeded")


def test_what_a_machine_cannot_do_is_to_be_done_elsewhere(tmp_path: Path) -> None:
    run = resilient_run()
    lack_capability(run)
    verdict = judged(run, tmp_path)
    step = f"see by chaosproof doctor what this machine can do, and where it can: {AGAIN}"
    assert next(check for check in verdict.checks if check.id == "SYS_ACTIVITIES") == Check(
        "SYS_ACTIVITIES",
        "unknown",
        f"this machine cannot do it: no sch_netem here. Next: {step}",
        "journal.json#run",
        skipped=True,
    )


@pytest.mark.parametrize(
    ("claim", "status", "step"),
    [
        (
            {"figure": "load.requests", "at_most": 1},
            "fail",
            "see in report.html when it broke, and mend the system, or the claim in experiments/s4.json; then: ",
        ),
        (
            {"figure": "load.request", "at_most": 1},
            "unknown",
            "name a figure that summary.json of this run has, in the claim in experiments/s4.json; then: ",
        ),
    ],
)
def test_a_claim_that_does_not_hold_says_where_to_look(
    tmp_path: Path, claim: dict[str, Any], status: str, step: str
) -> None:
    found = row(judged(resilient_run(), tmp_path, [{"id": "C1", "claim": "x", **claim}]), "C1")
    assert found is not None
    assert (found[0], found[1].partition(". Next: ")[2]) == (status, f"{step}{AGAIN}")


def test_a_folder_that_was_changed_since_is_taken_from_where_it_was_written(tmp_path: Path) -> None:
    folder = resilient_run().write(tmp_path)
    write_verdict(folder, judge_run(folder))
    (folder / "series.json").write_text("{}")
    check = judge_run(folder).checks[-1]
    step = ". Next: take the folder from where it was written; what was changed since proves nothing"
    assert (check.id, check.status, check.evidence) == ("SYS_MANIFEST", "fail", "MANIFEST.sha256")
    assert check.details.endswith(step) and "series.json" in check.details


def test_a_log_of_events_that_cannot_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    run = resilient_run()
    run.without.add("events.ndjson")
    (tmp_path / "events.ndjson").mkdir()
    check = next(check for check in judged(run, tmp_path).checks if check.id == "SYS_EVENTS")
    assert (check.status, check.evidence) == ("unknown", "events.ndjson")
    assert check.details.startswith("events.ndjson cannot be read: Is a directory")


def test_what_an_activity_returned_is_a_figure_by_its_name(tmp_path: Path) -> None:
    run = resilient_run()
    run.journal["run"].insert(0, {"output": 5, "status": "succeeded"})
    for output in (1, 2, 3):
        run.journal["run"].append(ran(activity("again", "chaosproof.probes.load", "wait"), output))
    figures = judge_run(run.write(tmp_path)).figures
    assert figures["activities"]["again"] == [1, 2, 3]
    assert figures["activities"]["hold"] == 40.0
    assert set(figures["activities"]) == {"measured load", "reset", "hold", "again"}
    assert figures["variables"] == run.session["variables"]
    assert figures["peak"] == {"errors_1s": 2, "p99_ms": 12.0}


def test_what_is_no_folder_of_a_run_is_a_wrong_call_in_one_sentence(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    for folder, sentence in (
        (nowhere, f"there is no folder {nowhere}: name the folder of a run, journals/EXPERIMENT/MODE/STAMP"),
        (tmp_path, f"{tmp_path} is not the folder of a run: it has none of session.json, journal.json, ..."),
    ):
        with pytest.raises(UsageError, match=f"^{re.escape(sentence)}$"):
            judge_run(str(folder))
