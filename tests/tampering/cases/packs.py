"""Tampering with an evidence pack of a recorded pair; what a pack must refuse besides is in tests/pack."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.tampering.case import FAIL, Table

__all__ = ["CASES"]

Mutate = Callable[[Path], object]


def _edit(name: str, pattern: str, instead: str) -> Mutate:
    def mutate(pack: Path) -> None:
        before = (pack / name).read_text()
        after = re.sub(pattern, instead, before, count=1)
        assert after != before
        (pack / name).write_text(after)

    return mutate


def _run(pack: Path, mode: str) -> Path:
    (folder,) = (pack / "runs" / "s4" / mode).iterdir()
    return folder


def _mixed(pack: Path) -> None:
    """The ledger of the baseline in the resilient run."""
    shutil.copyfile(_run(pack, "baseline") / "faults.jsonl", _run(pack, "resilient") / "faults.jsonl")


def _exchanged(pack: Path) -> None:
    """Each run in the other's place."""
    baseline, resilient = _run(pack, "baseline"), _run(pack, "resilient")
    places = (
        pack / "runs" / "s4" / "baseline" / resilient.name,
        pack / "runs" / "s4" / "resilient" / baseline.name,
    )
    resilient.rename(places[0])
    baseline.rename(places[1])


_ROWS: list[tuple[str, Mutate]] = [
    ("a required row is taken out of checks.tsv", _edit("checks.tsv", r"\S*SYS_FAULT_HIT\t.*\n", "")),
    ("a required row of checks.tsv is renamed", _edit("checks.tsv", r"SYS_FAULT_HIT\t", "SYS_FAULT_WAS\t")),
    ("a status in checks.tsv is painted green", _edit("checks.tsv", r"\t(fail|unknown)\t", "\tpass\t")),
    (
        "a row is added to checks.tsv",
        _edit("checks.tsv", r"\Z", "SYS_MORE\tpass\tall is well\tsummary.json\n"),
    ),
    ("a figure is edited in summary.json", _edit("summary.json", r'"(pass|total)": \d+', r'"\1": 9999')),
    ("the pack is mixed from two runs", _mixed),
    ("the two runs are in each other's place", _exchanged),
    ("a run is taken out", lambda pack: shutil.rmtree(_run(pack, "baseline"))),
    (
        "a row is taken out of a run's requests",
        lambda pack: (_run(pack, "resilient") / "requests.csv.gz").unlink(),
    ),
]
CASES: Table = {"verify-pack": {id: (FAIL, mutate) for id, mutate in _ROWS}}
