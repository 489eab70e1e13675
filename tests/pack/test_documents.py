"""The documents of a pack in which some things do not hold, figure for figure and word for word."""

import hashlib
import json
import shutil
from functools import partial
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from chaosproof.pack.documents.pack_overview import overview_of
from chaosproof.pack.open import open_pack
from chaosproof.pack.pack import Pack
from chaosproof.pack.pack_terminal import print_gate, print_verification
from chaosproof.pack.verify import verify_pack
from chaosproof.pack.write_pack import write_pack
from chaosproof.report.index import index_page
from tests.support.packs import NOW, true_pair
from tests.support.shown_runs import spoilt
from tests.support.snapshots import compact, normalise, printed, visible_text


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """A pack that nobody may change."""
    folder = tmp_path_factory.mktemp("bad")
    return write_pack(true_pair(folder / "runs", spoilt, spoilt), [], folder / "pack", now=NOW, profile="s4")


@pytest.mark.parametrize("name", ["results.sarif", "readiness.json", "summary.json"])
def test_a_document_of_a_pack(bad: Pack, name: str, snapshot: SnapshotAssertion) -> None:
    document = json.loads((bad.path / name).read_text())
    assert compact(document, bad.path.parent) == snapshot


def test_the_attestation_of_a_pack(bad: Pack, snapshot: SnapshotAssertion) -> None:
    """Its subjects are the files of the pack with their hashes; its passed tests are the rows that pass."""
    statement = json.loads((bad.path / "attestation.intoto.json").read_text())
    subjects = {subject["name"]: subject["digest"]["sha256"] for subject in statement.pop("subject")}
    files = {path.relative_to(bad.path).as_posix(): path for path in bad.path.rglob("*") if path.is_file()}
    for own in ("attestation.intoto.json", "MANIFEST.sha256"):
        del files[own]
    assert subjects == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    passed = statement["predicate"].pop("passedTests")
    rows = [check for check in bad.checks if not check.id.startswith("INFO_")]
    assert passed == [check.id for check in rows if check.status == "pass"]
    assert compact(statement, bad.path.parent) == snapshot


@pytest.mark.parametrize("name", ["checks.tsv", "junit.xml"])
def test_a_table_of_a_pack(bad: Pack, name: str, snapshot: SnapshotAssertion) -> None:
    """Each row of checks.tsv; of junit.xml what does not pass, as its names and the rest are rows of checks.tsv."""
    lines = (bad.path / name).read_text().replace("><", ">\n<").splitlines()
    shown = [
        line for line in lines if not line.strip().startswith(("<system-out", "</testcase", "<properties"))
    ]
    assert normalise("\n".join(shown), bad.path.parent) == snapshot


def test_the_page_of_a_pack(bad: Pack, snapshot: SnapshotAssertion) -> None:
    """The text of report.html in its order."""
    assert normalise(visible_text(index_page(overview_of(bad))), bad.path.parent) == snapshot


@pytest.mark.parametrize("profile", ["s4", "all"])
def test_the_gate_in_the_terminal(bad: Pack, profile: str, snapshot: SnapshotAssertion) -> None:
    """What `chaosproof gate` prints."""
    gate = open_pack(bad.path).gate(profile)
    assert normalise(printed(partial(print_gate, gate)), bad.path.parent) == snapshot


def test_a_spoilt_pack_in_the_terminal(bad: Pack, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """What `chaosproof verify-pack` prints."""
    pack = Path(shutil.copytree(bad.path, tmp_path / "pack"))
    for file in ("summary.json", "checks.tsv", "readiness.json"):
        (pack / file).write_text((pack / file).read_text().replace("pass", "fail", 3))
    assert normalise(printed(partial(print_verification, verify_pack(pack))), tmp_path) == snapshot
