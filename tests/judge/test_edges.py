"""Small decisions of the judge that a deliberate mistake in it once slipped through."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chaosproof.compare.compare import compare_pairs, compare_runs
from chaosproof.errors import ChaosproofError
from chaosproof.judge.judge import judge_run
from chaosproof.report.write import write_comparison, write_verdict
from chaosproof.runfolder.manifest import changed_since
from tests.support.runs import HEADER, Run, baseline_run, of_one_experiment, resilient_run


def details(run: Run, folder: Path, check_id: str) -> tuple[str, str]:
    check = next(c for c in judge_run(run.write(folder)).checks if c.id == check_id)
    return check.status, check.details


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


@pytest.mark.parametrize(
    "line",
    [
        "abc  session.json",
        f"{'0' * 64} session.json",
        f"{'0' * 63}  session.json",
        f"{'0' * 64}  ",
        "session.json",
    ],
)
def test_a_manifest_with_a_line_that_is_none_is_said_to_be_unreadable(tmp_path: Path, line: str) -> None:
    (tmp_path / "MANIFEST.sha256").write_text(line + "\n")
    assert changed_since(tmp_path) == (f"MANIFEST.sha256 cannot be read: {line!r} is not a line of sha256sum")


def test_what_is_written_is_read_by_people_too(tmp_path: Path) -> None:
    folder = resilient_run().write(tmp_path / "run")
    verdict = judge_run(folder)
    write_verdict(folder, verdict)
    assert (folder / "summary.json").read_text() == json.dumps(verdict.summary, indent=2) + "\n"
    baseline = baseline_run().write(tmp_path / "baseline")
    compared = compare_runs(baseline, folder)
    write_comparison(tmp_path / "compare", compared)
    assert (tmp_path / "compare/compare.json").read_text() == json.dumps(compared.document, indent=2) + "\n"
    (tmp_path / "file").write_text("")
    with pytest.raises(ChaosproofError, match=r"^cannot make the folder .*/file/compare: Not a directory$"):
        write_comparison(tmp_path / "file" / "compare", compared)


def test_the_bound_of_a_claim_of_both_runs_may_be_a_variable(tmp_path: Path) -> None:
    baseline, resilient = baseline_run(), resilient_run()
    claim = {
        "id": "C90",
        "claim": "it holds",
        "figure": "resilient.load.error_ratio",
        "at_most": "${error_ratio_max}",
    }
    resilient.experiment["extensions"][0]["compare"] = [claim]
    of_one_experiment(baseline, resilient)
    compared = compare_runs(baseline.write(tmp_path / "b"), resilient.write(tmp_path / "r"))
    assert next(c.status for c in compared.checks if c.id == "C90") == "pass"


@pytest.mark.parametrize(
    ("bound", "status", "says"),
    [
        ({"at_least": 0.1}, "pass", "(at least 0.1; it is 0.15, with 95 % between "),
        ({"at_most": 0.1}, "fail", "(at most 0.1; it is 0.15, with 95 % between "),
        ({"between": [0.05, 0.3]}, "pass", "(between 0.05 and 0.3; it is 0.15, with 95 % between "),
        ({"between": [0.01, 0.05]}, "fail", "(between 0.01 and 0.05; it is 0.15, with 95 % between "),
        ({"between": [0.3, 0.9]}, "fail", "(between 0.3 and 0.9; it is 0.15, with 95 % between "),
        ({"between": [0.149, 0.151]}, "unknown", "(between 0.149 and 0.151; it is 0.15, with 95 % between "),
    ],
)
def test_a_claim_of_both_runs_says_its_bound_and_its_interval(
    tmp_path: Path, bound: dict[str, object], status: str, says: str
) -> None:
    baseline, resilient = baseline_run(), resilient_run()
    claim = {"id": "C90", "claim": "it holds", "figure": "baseline.load.error_ratio", **bound}
    resilient.experiment["extensions"][0]["compare"] = [claim]
    of_one_experiment(baseline, resilient)
    compared = compare_runs(baseline.write(tmp_path / "b"), resilient.write(tmp_path / "r"))
    check = next(c for c in compared.checks if c.id == "C90")
    assert check.status == status
    assert says in check.details


def test_an_instance_that_never_said_unavailable_said_it_no_time(tmp_path: Path) -> None:
    resilient = resilient_run()
    for row in resilient.rows:
        row[4], row[5] = 200, "SUCCESS"
    resilient.recount()
    compared = compare_runs(baseline_run().write(tmp_path / "b"), resilient.write(tmp_path / "r"))
    assert compared.document["headline"]["unavailable_on_hit_instance"] == {"baseline": 300, "resilient": 0}


def test_several_pairs_that_do_not_hold_are_all_named(tmp_path: Path) -> None:
    pairs = []
    for n in range(3):
        baseline, resilient = baseline_run(), resilient_run()
        if n:
            resilient.fault.update(packets=0)
        folder = tmp_path / str(n)
        pairs.append((judge_run(baseline.write(folder / "b")), judge_run(resilient.write(folder / "r"))))
    every = next(c for c in compare_pairs(pairs).checks if c.id == "CMP_EVERY_PAIR")
    assert (every.status, every.details) == ("fail", "pairs 2, 3 of 3: fail")
    assert every.evidence == "compare.json#pairs"


def without_fault(run: Run) -> None:
    run.faults.clear()
    run.without.add("faults.jsonl")
    del run.experiment["method"][1], run.journal["run"][1]


def without_ledger(run: Run) -> None:
    run.without.add("faults.jsonl")


@pytest.mark.parametrize(
    ("spoil", "expected", "says"),
    [
        (without_fault, "pass", "experiment, seed, load and fault are equal"),
        (
            without_ledger,
            "unknown",
            "the baseline run does not say its fault; the resilient run does not say its fault",
        ),
    ],
)
def test_runs_without_a_fault_are_alike_when_none_was_due(
    tmp_path: Path, spoil: Callable[[Run], None], expected: str, says: str
) -> None:
    baseline, resilient = baseline_run(), resilient_run()
    spoil(baseline)
    spoil(resilient)
    compared = compare_runs(baseline.write(tmp_path / "b"), resilient.write(tmp_path / "r"))
    same = next(c for c in compared.checks if c.id == "CMP_SAME_SETTINGS")
    assert (same.status, same.details) == (expected, says)


def test_ports_instants_and_processes_may_differ_between_two_runs_and_nothing_else(tmp_path: Path) -> None:
    baseline, resilient = baseline_run(), resilient_run()
    for run, number in ((baseline, 1), (resilient, 2)):
        run.session["variables"] |= {"app_port": number, "began_at": number, "lab_pid": number}
    folders = baseline.write(tmp_path / "b"), resilient.write(tmp_path / "r")
    assert compare_runs(*folders).status == "pass"
    resilient.session["variables"]["errors"] = 2
    baseline.session["variables"]["errors"] = 1
    folders = baseline.write(tmp_path / "b"), resilient.write(tmp_path / "r")
    with pytest.raises(ChaosproofError) as refused:
        compare_runs(*folders)
    assert str(refused.value) == (
        f"{folders[0]} and {folders[1]} cannot be compared: the variable errors is 1 in the baseline run, "
        "and 2 in the resilient one; run both modes with the same settings"
    )
