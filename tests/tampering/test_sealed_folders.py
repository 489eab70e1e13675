"""A folder that was judged is sealed twice: by its manifest, and by the log of events that was written in the run."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosproof.judge.judge import judge_run
from chaosproof.judge.next_steps import answer_of
from tests.support.recorded_runs import DERIVED, Folder, honest, unpack
from tests.tampering.live import environment

MANIFEST, EVENTS = "SYS_MANIFEST", "SYS_EVENTS"
RAW = (
    *(
        "session.json",
        "journal.json",
        "experiment.json",
        "load-plan.json",
        "load-progress.ndjson",
        "load-done.json",
    ),
    *("requests.csv.gz", "faults.jsonl", "readiness.ndjson", "series.json", "artifacts/load.json"),
    *(
        "artifacts/app-a-0.prom",
        "artifacts/app-a-1.log",
        "artifacts/app-b-2.metrics",
        "warmup/requests.csv.gz",
    ),
)


@pytest.fixture
def judged(tmp_path: Path) -> Iterator[Folder]:
    folder = honest("resilient", tmp_path / "run")
    folder.judge()
    yield folder


def failed(folder: Folder) -> set[str]:
    return {c.id for c in judge_run(folder.path).checks if c.status == "fail"}


def add_a_space(path: Path) -> None:
    """The smallest change that there is: most readers would never see it."""
    path.write_bytes(path.read_bytes() + b" ")


def test_a_folder_that_nobody_touched_holds(judged: Folder) -> None:
    assert failed(judged) == set()
    judged.judge()
    assert failed(judged) == set()


@pytest.mark.parametrize("name", RAW)
def test_a_raw_file_that_was_touched_is_seen_by_both_seals(judged: Folder, name: str) -> None:
    add_a_space(judged.path / name)
    assert {MANIFEST, EVENTS} <= failed(judged)


@pytest.mark.parametrize("name", RAW)
def test_a_manifest_made_anew_does_not_hide_what_the_log_of_events_knows(judged: Folder, name: str) -> None:
    add_a_space(judged.path / name)
    judged.drop(*(derived for derived in DERIVED))
    judged.judge()
    assert EVENTS in failed(judged)


@pytest.mark.parametrize("name", ["events.ndjson", "artifacts/app-b-0.metrics", "warmup/load-done.json"])
def test_a_raw_file_that_was_taken_out_is_seen(judged: Folder, name: str) -> None:
    judged.drop(name)
    assert {MANIFEST, EVENTS} <= failed(judged)


def test_a_raw_file_that_was_put_in_is_seen(judged: Folder) -> None:
    (judged.path / "artifacts" / "app-c-0.log").write_text("{}\n")
    assert {MANIFEST, EVENTS} <= failed(judged)


@pytest.mark.parametrize("name", ["checks.tsv", "summary.json", "timeline.json", "junit.xml"])
def test_a_derived_file_that_was_touched_is_seen(judged: Folder, name: str) -> None:
    add_a_space(judged.path / name)
    assert failed(judged) == {MANIFEST}


def test_a_figure_edited_in_summary_json_is_seen_and_stays_seen(judged: Folder) -> None:
    judged.change_text(
        "summary.json", lambda text: re.sub(r'"p99_ms": [0-9.]+', '"p99_ms": 1.5', text, count=1)
    )
    verdict = judge_run(judged.path)
    assert {c.id: answer_of(c) for c in verdict.checks if c.status != "pass"} == {
        MANIFEST: "summary.json was changed after the run was judged"
    }
    judged.judge()
    assert judged.read("summary.json")["load"]["p99_ms"] != 1.5
    assert failed(judged) == {MANIFEST}


def test_a_required_check_taken_out_of_checks_tsv_is_seen(judged: Folder) -> None:
    judged.change_text("checks.tsv", lambda text: re.sub(r"SYS_FAULT_HIT.*\n", "", text))
    assert failed(judged) == {MANIFEST}


def test_a_figure_edited_and_the_manifest_made_anew_is_put_right_by_judging(judged: Folder) -> None:
    """No verdict is ever read from a derived file: judging derives them again."""
    honest_summary = judged.read("summary.json")
    judged.change("summary.json", lambda summary: summary.update(verdict="fail", recovery_s=99))
    judged.drop("MANIFEST.sha256")
    judged.judge()
    assert judged.read("summary.json") == honest_summary


@pytest.mark.parametrize("name", DERIVED)
def test_a_judge_whose_disk_is_full_says_so_and_exits_2(tmp_path: Path, name: str) -> None:
    folder = unpack("resilient", tmp_path / "run")
    done = subprocess.run(
        [sys.executable, "-m", "chaosproof.cli.main", "judge", str(folder)],
        env=environment(SABOTAGE_FULL_DISK=name),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert re.fullmatch(r"chaosproof: cannot write .*: No space left on device; .*\n", done.stderr)
    assert not (folder / "MANIFEST.sha256").exists()
