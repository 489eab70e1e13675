"""How a set of drills, a pair and a series end: what is printed, what is kept and where, and the exit code."""

import json
import re
from pathlib import Path

import pytest

from chaosproof.campaign.comparison import compared, keep_comparison
from chaosproof.campaign.conclude import pack_and_gate, run_folders
from chaosproof.compare.compare import compare_pairs
from chaosproof.judge.judge import judge_run
from chaosproof.pack.write_pack import write_pack
from tests.support.packs import NOW, true_pair
from tests.support.runs import baseline_run, resilient_run


def test_every_run_of_a_set_is_packed_verified_and_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = true_pair(tmp_path / "set")
    (tmp_path / "set/s4/resilient/empty").mkdir()
    (tmp_path / "set/s4/compare/20270115T080200Z").mkdir(parents=True)
    (tmp_path / "set/s4/compare/20270115T080200Z/compare.json").write_text("{}")
    assert run_folders(tmp_path / "set") == folders
    said: list[str] = []
    verdict = pack_and_gate(
        tmp_path / "set", tmp_path / "pack", profile="s4", now=NOW, report_progress=said.append
    )
    assert (verdict.status, verdict.profile, len(verdict.rows)) == ("pass", "s4", 38)
    assert capsys.readouterr().out == "readiness 100 of 100: evidence 100, resilience 100\n"
    files = sum(path.is_file() for path in (tmp_path / "pack").rglob("*"))
    assert said == [
        f"copying runs/s4/baseline/{folders[0].name} (1 of 2)",
        f"copying runs/s4/resilient/{folders[1].name} (2 of 2)",
        "judging 2 runs of s4",
        f"hashing {files} files",
        "judging 2 runs of s4",
    ]
    pack = tmp_path / "pack"
    assert "<h1>Gate s4</h1>" in (pack / "report.html").read_text()
    assert json.loads((pack / "meta/pack.json").read_text())["made_at"] == NOW
    assert "kernel" in json.loads((pack / "meta/environment.json").read_text())
    assert "click==" in (pack / "meta/packages.txt").read_text()


def test_a_run_that_needs_no_partner_is_packed_without_a_comparison(tmp_path: Path) -> None:
    _, resilient = true_pair(tmp_path / "set")
    pack = write_pack([resilient], [], tmp_path / "pack", now=NOW)
    assert pack.judged.comparisons == ()
    assert not (tmp_path / "pack/comparisons").exists()
    assert [run.place for run in pack.judged.runs] == [f"runs/s4/resilient/{resilient.name}"]


def test_a_pack_made_a_day_after_its_runs_is_not_ready(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    true_pair(tmp_path / "set")
    pack_and_gate(tmp_path / "set", tmp_path / "pack", profile="s4", now=NOW + 90_000, report_progress=print)
    assert "readiness 0 of 100: " in capsys.readouterr().out


def test_the_comparison_of_two_fresh_runs_is_kept_beside_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = true_pair(tmp_path)
    assert keep_comparison(compared(folders), tmp_path) == 0
    (kept,) = (tmp_path / "s4/compare").iterdir()
    assert re.fullmatch(r"\d{8}T\d{6}Z", kept.name)
    assert json.loads((kept / "compare.json").read_text())["pairs"][0]["resilient"] == str(folders[1])
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == "s4: pass"
    assert err == f"written to {kept}\n"


def test_a_series_that_does_not_hold_is_kept_and_answered_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = []
    for n in range(2):
        resilient = resilient_run()
        resilient.fault["packets"] = 0
        runs = baseline_run().apart(n).write(tmp_path / f"b{n}"), resilient.apart(n).write(tmp_path / f"r{n}")
        pairs.append((judge_run(runs[0]), judge_run(runs[1])))
    assert keep_comparison(compare_pairs(pairs, planned=3), tmp_path / "journals") == 1
    (kept,) = (tmp_path / "journals/s4/compare").iterdir()
    document = json.loads((kept / "compare.json").read_text())
    assert (document["verdict"], len(document["pairs"]), document["sequential"]["planned"]) == ("fail", 2, 3)
    assert capsys.readouterr().err == f"written to {kept}\n"
