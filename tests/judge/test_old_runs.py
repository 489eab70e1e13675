"""Runs and packs that an earlier build left are judged today as that build judged them."""

import json
import tarfile
from pathlib import Path

import pytest

from chaosproof.judge.judge import judge_run
from chaosproof.pack.open import open_pack

FIXTURES = Path(__file__).parents[1] / "fixtures"


def unpack(name: str, to: Path) -> Path:
    with tarfile.open(FIXTURES / f"{name}.tar.xz") as packed:
        packed.extractall(to, filter="data")
    (folder,) = to.iterdir()
    return folder


def rows_of(table: Path) -> dict[str, str]:
    """The id and the status of each row of a checks.tsv."""
    return dict(line.split("\t")[:2] for line in table.read_text().splitlines()[2:])  # type: ignore[misc]


@pytest.mark.parametrize("name", ["s4-baseline", "s4-resilient"])
def test_an_old_run_has_the_same_verdict_and_the_same_rows(tmp_path: Path, name: str) -> None:
    folder = unpack(name, tmp_path)
    rows, summary = rows_of(folder / "checks.tsv"), json.loads((folder / "summary.json").read_text())
    (folder / "checks.tsv").unlink()
    (folder / "summary.json").unlink()
    verdict = judge_run(folder)
    assert {check.id: check.status for check in verdict.checks} == rows
    assert verdict.status == summary["verdict"]
    assert verdict.summary["load"] == summary["load"]


def test_an_old_pack_has_the_same_verdict_and_the_same_rows(tmp_path: Path) -> None:
    folder = unpack("r2-pack", tmp_path)
    opened = open_pack(folder)
    assert opened.verification.pack is not None
    # a sentence of ours that names a module names it in full since, and this row, on which nothing depends, says so
    rows = {row.id: row.status for row in opened.verification.pack.checks} | {"INFO_JUDGED_AGAIN": "pass"}
    assert rows == rows_of(folder / "checks.tsv")
    assert opened.verification.pack.status == json.loads((folder / "summary.json").read_text())["verdict"]
    assert [str(difference) for difference in opened.verification.problems] == []
