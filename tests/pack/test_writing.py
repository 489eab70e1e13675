"""A pack is made of runs: whole, from copies, or not at all."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from chaosproof.compare.compare import compare_runs
from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.pack.documents.environment import environment, packages
from chaosproof.pack.documents.pack_overview import overview_of
from chaosproof.pack.files import hash_file
from chaosproof.pack.write_pack import write_pack
from chaosproof.report.index import index_page
from chaosproof.report.write import write_comparison
from chaosproof.runfolder.checks import parse_checks
from tests.support.packs import BASELINE_STAMP, NOW, RESILIENT_STAMP, true_pack, true_pair, write_run
from tests.support.runs import baseline_run, resilient_run


def test_a_true_pair_makes_a_pack_that_passes_the_gate_of_its_experiment(tmp_path: Path) -> None:
    pack = true_pack(tmp_path)
    assert [f"{c.id}: {c.details}" for c in pack.checks if c.status != "pass" and "INFO_" not in c.id] == []
    assert (pack.status, pack.gate.status, pack.readiness.score) == ("pass", "pass", 100)


def test_the_runs_are_copied_whole_and_left_as_they_were(tmp_path: Path) -> None:
    folders = true_pair(tmp_path / "journals")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    write_pack(folders, [], tmp_path / "pack", now=NOW)
    assert {path: path.read_bytes() for path in before} == before
    for folder, place in zip(folders, ("baseline", "resilient"), strict=True):
        copy = tmp_path / "pack" / "runs" / "s4" / place / folder.name
        assert {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()} == {
            p.relative_to(copy): p.read_bytes() for p in copy.rglob("*") if p.is_file()
        }


def test_what_sha256sum_says_of_the_manifest(pack: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--strict", "-c", "MANIFEST.sha256"], cwd=pack, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    names = {p.relative_to(pack).as_posix() for p in pack.rglob("*") if p.is_file()} - {"MANIFEST.sha256"}
    assert len(done.stdout.splitlines()) == len(names)


def test_every_row_points_to_a_file_of_the_pack(pack: Path) -> None:
    rows = parse_checks((pack / "checks.tsv").read_text())
    assert len({row.id for row in rows}) == len(rows) > 40
    assert [row.evidence for row in rows if not (pack / row.evidence.partition("#")[0]).exists()] == []


def test_what_a_baseline_is_there_to_miss_only_informs(pack: Path) -> None:
    rows = {row.id: row.status for row in parse_checks((pack / "checks.tsv").read_text())}
    assert rows["INFO_s4.baseline.SYS_STEADY_STATE_AFTER"] == "fail"
    assert rows["INFO_s4.baseline.C08"] == "fail"
    assert rows["s4.baseline.C05"] == "pass"
    assert json.loads((pack / "summary.json").read_text())["verdict"] == "pass"


def test_a_comparison_brings_its_runs(tmp_path: Path) -> None:
    baseline, resilient = true_pair(tmp_path / "journals")
    write_comparison(tmp_path / "compare", compare_runs(baseline, resilient))
    pack = write_pack([resilient], [tmp_path / "compare"], tmp_path / "pack", now=NOW, profile="s4")
    assert [run.name for run in pack.judged.runs] == ["s4.baseline", "s4.resilient"]
    assert pack.gate.status == "pass"


def test_no_path_of_this_machine_is_in_what_the_pack_adds(pack: Path, tmp_path: Path, honest: Path) -> None:
    added = [p for p in pack.rglob("*") if p.is_file() and "runs" not in p.relative_to(pack).parts]
    assert [p.name for p in added if str(honest.parent).encode() in p.read_bytes()] == []


def test_of_several_runs_the_worst_is_the_row(tmp_path: Path) -> None:
    first = true_pair(tmp_path / "journals")
    bad = resilient_run()
    bad.fault["packets"] = 0
    again = [
        write_run(tmp_path / "journals", baseline_run(), "20270115T090000Z"),
        write_run(tmp_path / "journals", bad, "20270115T090100Z"),
    ]
    pack = write_pack([*again, *first], [], tmp_path / "pack", now=NOW, profile="s4")
    row = next(check for check in pack.checks if check.id == "s4.resilient.SYS_FAULT_HIT")
    assert row.status == "fail"
    assert row.details.startswith("of 2 runs, 20270115T090100Z: ")
    assert row.evidence.startswith("runs/s4/resilient/20270115T090100Z/")
    assert pack.gate.status == "fail"


def test_a_run_without_its_partner_leaves_the_comparison_unknown(tmp_path: Path) -> None:
    folders = true_pair(tmp_path / "journals")
    other = write_run(tmp_path / "journals", resilient_run(), "20270115T090100Z")
    pack = write_pack([*folders, other], [], tmp_path / "pack", now=NOW, profile="s4")
    assert next(check.status for check in pack.checks if check.id == "SYS_S4") == "unknown"
    assert {row.id: row.status for row in pack.gate.failing}["s4.compare.C05"] == "absent"
    assert pack.gate.status == "fail"


def test_runs_that_were_not_done_alike_are_no_comparison(tmp_path: Path) -> None:
    folders = true_pair(tmp_path / "journals", lambda run: run.plan.update(rate_rps=51))
    pack = write_pack(folders, [], tmp_path / "pack", now=NOW, profile="s4")
    row = next(check for check in pack.checks if check.id == "SYS_S4")
    assert row.status == "unknown"
    assert "rate_rps is 51" in row.details
    assert str(tmp_path) not in row.details


def test_runs_of_two_commits_are_no_release(tmp_path: Path) -> None:
    folders = true_pair(tmp_path / "journals", lambda run: run.session.update(commit="d" * 40))
    pack = write_pack(folders, [], tmp_path / "pack", now=NOW, profile="s4")
    assert next(check.status for check in pack.checks if check.id == "SYS_ONE_COMMIT") == "fail"


def test_a_baseline_that_never_ended_spoils_the_pack(tmp_path: Path) -> None:
    folders = true_pair(tmp_path / "journals", lambda run: run.session.update(complete=False))
    pack = write_pack(folders, [], tmp_path / "pack", now=NOW, profile="s4")
    rows = {check.id: check.status for check in pack.checks}
    assert rows["s4.baseline.SYS_SESSION_COMPLETE"] == rows["SYS_S4"] == "unknown"
    assert pack.gate.status == "unknown"


def test_a_run_that_was_touched_after_it_was_judged_is_seen(tmp_path: Path) -> None:
    folders = true_pair(tmp_path / "journals")
    summary = folders[1] / "summary.json"
    summary.write_text(summary.read_text().replace('"errors": 2', '"errors": 0'))
    pack = write_pack(folders, [], tmp_path / "pack", now=NOW, profile="s4")
    row = next(check for check in pack.checks if check.id == "SYS_RUNS_UNCHANGED")
    assert row.status == "fail"
    assert "summary.json is changed since the run was judged" in row.details


def test_a_run_that_was_killed_goes_into_a_pack_and_is_not_known(tmp_path: Path) -> None:
    baseline, resilient = true_pair(tmp_path / "journals")
    for name in ("MANIFEST.sha256", "checks.tsv", "summary.json", "journal.json"):
        (resilient / name).unlink()
    pack = write_pack([baseline, resilient], [], tmp_path / "pack", now=NOW, profile="s4")
    rows = {check.id: check.status for check in pack.checks}
    assert rows["SYS_RUNS_UNCHANGED"] == rows["s4.resilient.SYS_SESSION_COMPLETE"] == "unknown"
    # what it claimed is not there to be asked, and what is required and absent failed
    assert {row.id: row.status for row in pack.gate.failing}["s4.resilient.S4_USERS"] == "absent"
    assert pack.status == "fail"


def test_no_secret_of_the_environment_is_in_a_pack(tmp_path: Path) -> None:
    secret = {"GITHUB_TOKEN": "ghs_s3cr3t", "CI": "true", "DATABASE_URL": "postgres://u:s3cr3t@db"}
    pack = true_pack(
        tmp_path, environment=environment({**os.environ, **secret}, tmp_path), packages=packages()
    )
    said = json.loads((pack.path / "meta" / "environment.json").read_text())
    assert said["ci"] == {"CI": "true"}
    assert "pytest==" in (pack.path / "meta" / "packages.txt").read_text()
    assert [p.name for p in pack.path.rglob("*") if p.is_file() and b"s3cr3t" in p.read_bytes()] == []


def test_a_pack_that_could_not_be_finished_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = true_pair(tmp_path / "journals")

    def breaks(_: object) -> str:
        raise ChaosproofError("no page")

    monkeypatch.setattr("chaosproof.pack.write_pack.pack_page", breaks)
    with pytest.raises(ChaosproofError, match="no page"):
        write_pack(folders, [], tmp_path / "packs" / "one", now=NOW)
    assert list((tmp_path / "packs").iterdir()) == []


def test_the_page_over_all_runs_is_part_of_the_pack(tmp_path: Path) -> None:
    pack = true_pack(tmp_path)
    assert (pack.path / "report.html").read_text() == index_page(overview_of(pack))
    assert (
        f"{hash_file(pack.path / 'report.html')}  report.html" in (pack.path / "MANIFEST.sha256").read_text()
    )


def test_a_folder_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    folders = true_pair(tmp_path / "journals")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        write_pack(folders, [], tmp_path / "pack", now=NOW)
    assert [p.name for p in (tmp_path / "pack").iterdir()] == ["mine.txt"]


def test_a_pack_does_not_go_into_a_run_that_it_copies(tmp_path: Path) -> None:
    folders = true_pair(tmp_path / "journals")
    with pytest.raises(UsageError, match="cannot be put into what it copies"):
        write_pack(folders, [], folders[0] / "pack", now=NOW)
    assert not (folders[0] / "pack").exists()


def test_two_folders_of_one_run_are_not_two_runs(tmp_path: Path) -> None:
    one = true_pair(tmp_path / "journals")
    other = true_pair(tmp_path / "copies")
    pack = write_pack([*one, *one], [], tmp_path / "pack", now=NOW)
    assert len(pack.judged.runs) == 2
    with pytest.raises(UsageError, match="would both be runs/s4/baseline"):
        write_pack([*one, *other], [], tmp_path / "other", now=NOW)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda run: run.session.update(experiment="../../etc"), "which is no experiment and mode"),
        (lambda run: run.session.update(mode="../up"), "which is no experiment and mode"),
        (lambda run: run.session.update(experiment="a/b"), "which is no experiment and mode"),
    ],
)
def test_a_run_whose_name_leaves_the_pack_is_refused(tmp_path: Path, spoil, says: str) -> None:
    run = resilient_run()
    spoil(run)
    folder = run.write(tmp_path / "run")
    with pytest.raises(UsageError, match=says):
        write_pack([folder], [], tmp_path / "packs" / "one", now=NOW)
    assert not (tmp_path / "packs").exists()


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="is not the folder of a run"):
        write_pack([tmp_path / "empty"], [], tmp_path / "pack", now=NOW)
    with pytest.raises(UsageError, match="needs at least one run"):
        write_pack([], [], tmp_path / "pack", now=NOW)


def test_a_folder_with_another_name_is_placed_by_its_session(tmp_path: Path) -> None:
    folder = write_run(tmp_path, resilient_run(), RESILIENT_STAMP)
    renamed = folder.rename(tmp_path / "downloaded")
    pack = write_pack([renamed], [], tmp_path / "pack", now=NOW)
    assert [run.place for run in pack.judged.runs] == [f"runs/s4/resilient/{BASELINE_STAMP}"]
