"""Liars about an evidence pack of the real pair; what a pack must refuse besides is told in tests/pack."""

import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from chaosproof.pack.verify import verify_pack
from chaosproof.pack.write import write_pack
from tests.support.recorded_runs import honest
from tests.support.snapshots import first_of

Spoil = Callable[[Path], object]


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    runs = []
    for n, mode in enumerate(("baseline", "resilient")):
        run = honest(mode, folder / "journals" / "s4" / mode / f"20261122T00000{n}Z")
        run.judge()
        runs.append(run.path)
    write_pack(runs, [], folder / "pack", now=1_900_000_000.0)
    return folder / "pack"


def _sealed(pack: Path) -> None:
    """Make every manifest of the pack anew, the runs' own first."""
    for manifest in sorted(pack.rglob("MANIFEST.sha256"), key=lambda path: -len(path.parts)):
        folder = manifest.parent
        files = sorted(p for p in folder.rglob("*") if p.is_file() and p != manifest)
        lines = (
            f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder).as_posix()}\n"
            for p in files
        )
        manifest.write_text("".join(lines))


def _edit(name: str, pattern: str, instead: str) -> Spoil:
    def spoil(pack: Path) -> None:
        before = (pack / name).read_text()
        after = re.sub(pattern, instead, before, count=1)
        assert after != before
        (pack / name).write_text(after)

    return spoil


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


LIES: list[tuple[str, Spoil]] = [
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


def test_the_honest_pack_says_what_its_files_say(pack: Path) -> None:
    assert verify_pack(pack).differences == ()


@pytest.mark.parametrize("sealed", [False, True], ids=["as it is", "with every manifest made anew"])
@pytest.mark.parametrize(("name", "spoil"), LIES, ids=[lie[0] for lie in LIES])
def test_a_spoilt_pack_is_told(
    pack: Path, tmp_path: Path, name: str, spoil: Spoil, sealed: bool, snapshot: SnapshotAssertion
) -> None:
    copy = Path(shutil.copytree(pack, tmp_path / "pack"))
    spoil(copy)
    if sealed:
        _sealed(copy)
    found = verify_pack(copy)
    assert found.problems != (), name
    assert first_of(found.differences, tmp_path) == snapshot
