"""A run that is true in every detail is judged as it was."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.judge.checks.registry import required_ids
from chaosproof.judge.judge import judge_run
from chaosproof.report.write import write_verdict
from tests.support.runs import FAULT_S, RATE_RPS, baseline_run, resilient_run


def test_a_resilient_run_that_held_passes(tmp_path: Path) -> None:
    verdict = judge_run(resilient_run().write(tmp_path))
    assert {c.id: c.details for c in verdict.checks if c.status != "pass"} == {}
    assert verdict.status == "pass"
    assert verdict.summary["gate_pass"] is True
    assert {c.id for c in verdict.checks} == {*required_ids(), "C05r", "C08"}


def test_a_baseline_that_broke_fails_for_that_reason_alone(tmp_path: Path) -> None:
    verdict = judge_run(baseline_run().write(tmp_path))
    assert verdict.status == "fail"
    assert {c.id for c in verdict.checks if c.status != "pass"} == {"SYS_STEADY_STATE_AFTER", "C08"}


def test_the_summary_says_what_the_rows_say(tmp_path: Path) -> None:
    summary = judge_run(baseline_run().write(tmp_path)).summary
    failed = (FAULT_S + 2) * RATE_RPS // 2
    assert summary["load"]["requests"] == 2000
    assert summary["load"]["errors"] == failed
    assert summary["load"]["error_ratio"] == failed / 2000
    assert summary["load"]["codes"] == {"SUCCESS": 2000 - failed, "UNAVAILABLE": failed}
    assert summary["load"]["rate_rps"] == summary["load"]["planned_rate_rps"] == RATE_RPS
    assert summary["load"]["max_ms"] == 12.0
    assert summary["per_instance"]["app-a-0"]["errors"] == failed
    assert summary["per_instance"]["app-a-1"]["errors"] == 0
    assert summary["windows"]["fault"]["per_instance"]["app-a-0"]["error_ratio"] == 1.0
    assert summary["windows"]["before"]["errors"] == 0
    assert summary["fault"]["actual_s"] == pytest.approx(FAULT_S + 0.02)
    assert summary["fault"]["packets"] == 412
    # a second must pass until the last failures have left the window, but for 5 %
    assert 2.5 < summary["recovery_s"] < 3.0
    assert summary["recovery"]["ready_s"] == 0


def test_recovery_of_an_instance_is_when_it_was_ready_again(tmp_path: Path) -> None:
    summary = judge_run(resilient_run().write(tmp_path)).summary
    assert summary["recovery"]["ready_s"] == pytest.approx(0.28)
    assert summary["recovery_s"] == 0


def test_judging_again_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = baseline_run().write(tmp_path)
    write_verdict(folder, judge_run(folder))
    first = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    write_verdict(folder, judge_run(folder))
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == first


def test_a_judged_folder_moved_elsewhere_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = baseline_run().write(tmp_path / "here")
    write_verdict(folder, judge_run(folder))
    first = {name: (folder / name).read_bytes() for name in ("checks.tsv", "summary.json", "MANIFEST.sha256")}
    moved = folder.rename(tmp_path / "there")
    write_verdict(moved, judge_run(moved))
    assert {name: (moved / name).read_bytes() for name in first} == first


def test_the_manifest_is_what_sha256sum_reads_and_covers_every_file(tmp_path: Path) -> None:
    folder = resilient_run().write(tmp_path)
    write_verdict(folder, judge_run(folder))
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "MANIFEST.sha256"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    listed = re.findall(r"^(\S+): OK$", done.stdout, re.MULTILINE)
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert set(listed) == there - {"MANIFEST.sha256"}
    assert {"report.html", "checks.tsv", "junit.xml", "summary.json", "artifacts/load.json"} <= set(listed)
    assert listed == sorted(listed)


def test_checks_tsv_has_a_schema_version_the_columns_and_one_row_each(tmp_path: Path) -> None:
    folder = resilient_run().write(tmp_path)
    verdict = judge_run(folder)
    write_verdict(folder, verdict)
    lines = (folder / "checks.tsv").read_text().splitlines()
    assert lines[0] == "schema_version\t1"
    assert lines[1] == "check_id\tstatus\tdetails\tevidence_path"
    assert [line.split("\t")[0] for line in lines[2:]] == [c.id for c in verdict.checks]
    assert {len(line.split("\t")) for line in lines[2:]} == {4}


def test_evidence_names_a_file_of_the_folder(tmp_path: Path) -> None:
    folder = baseline_run().write(tmp_path)
    write_verdict(folder, judge_run(folder))
    for check in judge_run(folder).checks:
        assert (folder / check.evidence.partition("#")[0]).exists(), check


def test_junit_tells_failures_from_errors(tmp_path: Path) -> None:
    run = baseline_run()
    run.without.add("load-done.json")
    folder = run.write(tmp_path)
    verdict = judge_run(folder)
    write_verdict(folder, verdict)
    suite = ElementTree.parse(folder / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    by_id = {case.get("name"): [child.tag for child in case] for case in suite}
    assert by_id["SYS_STEADY_STATE_AFTER"] == ["failure"]
    assert by_id["SYS_LOAD_ACCOUNTED"] == ["error"]
    assert by_id["SYS_ROLLBACKS"] == ["system-out"]
    assert suite.get("failures") == str(sum(c.status == "fail" for c in verdict.checks))
    assert suite.get("errors") == str(sum(c.status == "unknown" for c in verdict.checks))


def test_the_report_holds_the_verdict_and_escapes_what_it_is_told(tmp_path: Path) -> None:
    run = resilient_run()
    run.session["experiment"] = "<script>alert(1)</script>"
    folder = run.write(tmp_path)
    write_verdict(folder, judge_run(folder))
    page = (folder / "report.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "SYS_FAULT_HIT" in page and "UNAVAILABLE" in page


def test_summary_is_json_that_any_reader_takes(tmp_path: Path) -> None:
    run = resilient_run()
    run.without.update({"requests.csv.gz", "load-done.json"})
    folder = run.write(tmp_path)
    write_verdict(folder, judge_run(folder))

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    summary = json.loads((folder / "summary.json").read_text(), parse_constant=refuse)
    assert summary["load"]["requests"] == 0
    assert summary["load"]["error_ratio"] is None
    assert summary["verdict"] != "pass"


def test_a_changed_raw_file_is_found_and_the_manifest_stays_as_evidence(tmp_path: Path) -> None:
    folder = baseline_run().write(tmp_path)
    write_verdict(folder, judge_run(folder))
    manifest = (folder / "MANIFEST.sha256").read_bytes()
    resilient_run().write(folder)
    for _ in range(2):
        verdict = judge_run(folder)
        assert verdict.status == "fail"
        assert verdict.checks[-1].id == "SYS_MANIFEST"
        write_verdict(folder, verdict)
        assert (folder / "MANIFEST.sha256").read_bytes() == manifest


@pytest.mark.parametrize("change", ["removed", "added"])
def test_a_raw_file_removed_or_added_after_judging_is_found(tmp_path: Path, change: str) -> None:
    run = resilient_run()
    run.without.add("readiness.ndjson")
    folder = run.write(tmp_path)
    write_verdict(folder, judge_run(folder))
    if change == "removed":
        (folder / "series.json").unlink()
    else:
        (folder / "readiness.ndjson").write_text("")
    assert "SYS_MANIFEST" in {c.id for c in judge_run(folder).checks if c.status == "fail"}


def test_a_newer_schema_is_refused_with_a_sentence(tmp_path: Path) -> None:
    run = resilient_run()
    run.session["schema_version"] = 2
    with pytest.raises(ChaosproofError, match=r"session\.json has schema_version 2.*reads up to 1"):
        judge_run(run.write(tmp_path))


def test_a_folder_that_is_no_run_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not the folder of a run"):
        judge_run(tmp_path)
    with pytest.raises(UsageError, match="there is no folder"):
        judge_run(tmp_path / "nowhere")


def test_a_full_disk_is_one_sentence_and_leaves_the_old_verdict_whole(tmp_path: Path) -> None:
    """On a file system of 64 KiB that is full, in a mount namespace of its own."""
    resilient_run().write(tmp_path / "run")
    program = """
import sys
from pathlib import Path
from chaosproof.errors import ChaosproofError
from chaosproof.report.write import write_verdict
from chaosproof.judge.judge import judge_run
folder = Path(sys.argv[1])
write_verdict(folder, judge_run(folder))
summary = (folder / "summary.json").read_bytes()
(folder / "session.json").write_bytes((folder / "session.json").read_bytes() + b" ")
filler = (folder / "filler").open("wb", buffering=0)
try:
    while True:
        filler.write(b"x" * 4096)
except OSError:
    pass
try:
    write_verdict(folder, judge_run(folder))
except ChaosproofError as error:
    print(error)
assert (folder / "summary.json").read_bytes() == summary
assert not [p for p in folder.iterdir() if p.name.startswith(".draft-")]
"""
    script = (
        'set -e; mkdir "$1/disk"; mount -t tmpfs -o size=512k none "$1/disk"; cp -r "$1/run" "$1/disk/run"; '
        'exec "$2" -c "$3" "$1/disk/run"'
    )
    done = subprocess.run(
        [
            *("unshare", "--user", "--map-root-user", "--mount"),
            *("sh", "-c", script, "sh", str(tmp_path), sys.executable, program),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^cannot write .*: No space left on device", done.stdout), done.stdout


def test_judging_reads_files_and_nothing_else(tmp_path: Path) -> None:
    """The modules of targets, faults and load, and the heavy ones, stay out of a judge's process."""
    program = (
        "import sys; from chaosproof.judge.judge import judge_run; judge_run(sys.argv[1]); "
        "print([m for m in sys.modules if m.split('.')[0] in ('rich', 'click', 'aiohttp', 'chaoslib')"
        " or m.startswith(('chaosproof.targets', 'chaosproof.faults', 'chaosproof.load'))])"
    )
    folder = resilient_run().write(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_manifest_fingerprints_what_is_there(tmp_path: Path) -> None:
    folder = resilient_run().write(tmp_path)
    write_verdict(folder, judge_run(folder))
    said = dict(reversed(line.split("  ")) for line in (folder / "MANIFEST.sha256").read_text().splitlines())
    assert said["session.json"] == hashlib.sha256((folder / "session.json").read_bytes()).hexdigest()
