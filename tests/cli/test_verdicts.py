"""`chaosproof judge` and `chaosproof compare` as a shell sees them: words, JSON and exit codes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import chaosproof
from tests.support.runs import baseline_run, resilient_run


def program(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chaosproof.cli.main", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    baseline_run().write(tmp_path / "journals/s4/baseline/20261121T193005Z")
    resilient_run().write(tmp_path / "journals/s4/resilient/20261121T193205Z")
    return tmp_path


def test_judge_prints_a_table_writes_the_verdict_and_exits_with_it(journals: Path) -> None:
    for mode, code, word in (("resilient", 0, "pass"), ("baseline", 1, "fail")):
        (folder,) = (journals / "journals/s4" / mode).iterdir()
        done = program("judge", folder, cwd=journals)
        assert done.returncode == code, done.stderr
        assert done.stdout.splitlines()[-1] == f"s4 ({mode}): {word}"
        assert "SYS_FAULT_HIT" in done.stdout
        assert json.loads((folder / "summary.json").read_text())["verdict"] == word


def test_judge_as_json_is_the_summary_and_its_checks(journals: Path) -> None:
    (folder,) = (journals / "journals/s4/resilient").iterdir()
    done = chaosproof("judge", "--json", "--read-only", folder, cwd=journals)
    document = json.loads(done.stdout)
    assert document["verdict"] == "pass"
    assert len(document["check_list"]) == document["checks"]["total"]
    assert not (folder / "summary.json").exists()


def test_judge_of_an_unfinished_run_exits_2(journals: Path) -> None:
    run = resilient_run()
    run.without.add("journal.json")
    assert chaosproof("judge", run.write(journals / "killed"), cwd=journals).returncode == 2


@pytest.mark.parametrize(
    "words",
    [
        ("judge",),
        ("judge", "nowhere"),
        ("judge", "."),
        ("compare",),
        ("compare", "s9"),
        ("compare", "a", "b", "c"),
        ("compare", "a", "b"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_exit_code_64(journals: Path, words: tuple[str, ...]) -> None:
    done = chaosproof(*words, cwd=journals)
    assert done.returncode == 64, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("chaosproof: ")


def test_compare_takes_the_latest_of_both_modes_and_writes_beside_them(journals: Path) -> None:
    done = program("compare", "s4", cwd=journals)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "s4: pass"
    assert re.search(r"UNAVAILABLE from app-a-0 +300 +2 +298 \(", done.stdout)
    (written,) = (journals / "journals/s4/compare").iterdir()
    assert json.loads((written / "compare.json").read_text())["verdict"] == "pass"


def test_compare_of_two_folders_writes_only_where_it_is_told(journals: Path) -> None:
    folders = [next((journals / "journals/s4" / mode).iterdir()) for mode in ("baseline", "resilient")]
    done = chaosproof("compare", *folders, "--json", cwd=journals)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "pass"
    assert not (journals / "journals/s4/compare").exists()
    assert chaosproof("compare", *folders, "--out", journals / "out", cwd=journals).returncode == 0
    assert (journals / "out" / "compare.json").exists()


def test_runs_that_cannot_be_compared_are_a_wrong_call_that_names_the_difference(journals: Path) -> None:
    run = baseline_run()
    run.session["seed"] = 8
    run.write(journals / "journals/s4/baseline/20261121T203005Z")
    done = chaosproof("compare", "s4", cwd=journals)
    assert done.returncode == 64
    assert "seed is 8 in the baseline run, and 7 in the resilient one" in done.stderr


def test_words_that_no_terminal_should_get_are_not_printed(tmp_path: Path) -> None:
    run = resilient_run()
    run.session["experiment"] = "s4\ud800[red]"
    run.fault["instance"] = "app\x1b[31m\n\ud800"
    done = program("judge", run.write(tmp_path / "run"), cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "\x1b" not in done.stdout
    assert done.stdout.splitlines()[-1] == "s4 [red] (resilient): fail"
    rows = (tmp_path / "run/checks.tsv").read_text().splitlines()
    assert {line.count("\t") for line in rows[1:]} == {3}
