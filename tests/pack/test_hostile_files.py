"""A pack may come from anyone: what no pack holds is refused in one sentence, and nothing outside is touched."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from chaosproof.cli.main import main
from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.judge.check import passed
from chaosproof.pack import files
from chaosproof.pack.gate.rules import read_rules
from chaosproof.pack.verify import verify_pack
from chaosproof.pack.write_pack import write_pack
from chaosproof.runfolder.checks import checks_tsv, parse_checks
from tests.support.packs import NOW, true_pair
from tests.support.snapshots import first_of, normalise

Trick = Callable[[Path, Path], object]


def sparse(path: Path, size: int = 10 * 10**9) -> None:
    """10 GB that take no place."""
    with path.open("wb") as file:
        file.truncate(size)


TRICKS: dict[str, tuple[Trick, str]] = {
    "a link to a file": (lambda folder, out: (folder / "evil.json").symlink_to(out), "evil.json is a link"),
    "a link to a folder": (lambda folder, out: (folder / "evil").symlink_to(out.parent), "evil is a link"),
    "a link in a folder": (
        lambda folder, out: (
            (folder / "artifacts").mkdir(exist_ok=True)
            or (folder / "artifacts" / "app-a-9.log").symlink_to("/etc/passwd")
        ),
        "artifacts/app-a-9.log is a link",
    ),
    "a FIFO that keeps who reads it waiting": (
        lambda folder, out: os.mkfifo(folder / "requests.fifo"),
        "requests.fifo is neither a file nor a folder",
    ),
    "10 GB of rows": (
        lambda folder, out: sparse(folder / "requests.csv.gz.more"),
        "requests.csv.gz.more has 10.0 GB, more than the 4.3 GB",
    ),
    "1 GB to be read at once": (
        lambda folder, out: (
            os.truncate(folder / "big.json", 10**9)
            if (folder / "big.json").exists()
            else (sparse(folder / "big.json"), os.truncate(folder / "big.json", 10**9))
        ),
        "big.json has 1.0 GB, more than the 0.1 GB",
    ),
    "a name with a line end": (
        lambda folder, out: (folder / "a\nb").write_text("x"),
        "is a name that a manifest cannot carry",
    ),
    "a name that is no text": (
        lambda folder, out: Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe")).write_text("x"),
        "is a name that a manifest cannot carry",
    ),
    "folders without end": (
        lambda folder, out: (folder / "/".join("d" * 15)).mkdir(parents=True),
        "lies too deep",
    ),
}


@pytest.mark.parametrize("what", TRICKS)
def test_a_pack_with_what_no_pack_holds_is_not_read(
    pack: Path, tmp_path: Path, what: str, snapshot: SnapshotAssertion
) -> None:
    trick, says = TRICKS[what]
    outside = tmp_path / "outside"
    outside.write_text("secret")
    trick(pack, outside)
    found = verify_pack(pack)
    assert found.pack is None
    assert says in "\n".join(map(str, found.differences))
    assert first_of(found.differences, tmp_path) == snapshot


@pytest.mark.parametrize("what", TRICKS)
def test_a_run_with_what_no_pack_holds_is_not_copied(
    tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str], snapshot: SnapshotAssertion
) -> None:
    trick, says = TRICKS[what]
    folders = true_pair(tmp_path / "journals")
    outside = tmp_path / "outside"
    outside.write_text("secret")
    trick(folders[1], outside)
    with pytest.raises(ChaosproofError) as caught:
        write_pack(folders, [], tmp_path / "packs" / "one", now=NOW)
    assert says in str(caught.value)
    assert normalise(str(caught.value), tmp_path) == snapshot
    assert list((tmp_path / "packs").iterdir()) == []
    with pytest.raises(SystemExit) as ended:
        main(["evidence", *map(str, folders), "-o", str(tmp_path / "packs" / "one")])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "Traceback" not in said
    assert outside.read_text() == "secret"


def test_a_session_that_is_a_fifo_or_without_end_keeps_nobody_waiting(tmp_path: Path) -> None:
    folders = true_pair(tmp_path / "journals")
    session = folders[1] / "session.json"
    session.unlink()
    os.mkfifo(session)
    with pytest.raises(ChaosproofError, match="neither a file nor a folder"):
        write_pack(folders, [], tmp_path / "pack", now=NOW)
    for path in (session, Path("/dev/zero"), tmp_path):
        with pytest.raises(UsageError, match="that is no gate file"):
            read_rules(path)


def test_a_second_name_of_a_file_is_no_evidence(pack: Path, tmp_path: Path) -> None:
    os.link(pack / "checks.tsv", tmp_path / "outside")
    assert "checks.tsv has 2 names (hard links)" in "\n".join(map(str, verify_pack(pack).differences))


def test_the_manifest_may_not_be_a_link(pack: Path, tmp_path: Path) -> None:
    (pack / "MANIFEST.sha256").rename(tmp_path / "manifest")
    (pack / "MANIFEST.sha256").symlink_to(tmp_path / "manifest")
    found = verify_pack(pack)
    assert found.pack is None
    assert "MANIFEST.sha256 is a link" in "\n".join(map(str, found.differences))


def test_tabs_and_line_ends_in_details_stay_in_their_cell() -> None:
    check = passed("SYS_X", "a\tb\nc\r\nd\u2028e\x00f", "file\t#place\n")
    (row,) = parse_checks(checks_tsv([check]))
    assert row == check
    assert row.details == "a b c d e f"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it must begin with its schema_version"),
        ("\n", "it must begin with its schema_version"),
        ("SYS_S4\tpass\ta\tb\n", "it must begin with its schema_version"),
        ("schema_version\t2\n", "has schema_version '2', and this chaosproof reads 1"),
        ("schema_version\t\n", "has schema_version ''"),
        ("schema_version\t1\n", "its second line must be"),
        ("schema_version\t1\ncheck_id\tstatus\n", "its second line must be"),
        ("schema_version\t1\ncheck_id\tstatus\tdetails\tevidence_path\n\n", "line 3 has 1 cells"),
        ("schema_version\t1\ncheck_id\tstatus\tdetails\tevidence_path\n\tpass\ta\tb\n", "line 3 has 4 cells"),
        ("schema_version\t1\ncheck_id\tstatus\tdetails\tevidence_path\nA\tPASS\ta\tb\n", "no status 'PASS'"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(ChaosproofError) as caught:
        parse_checks(text)
    assert says in str(caught.value)


def test_more_files_than_any_run_has_are_too_many(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_FILES_MAX", 7)
    listing = files.list_files(pack)
    assert len(listing.sizes) == 7
    assert listing.problems == ("there are more than 7 files",)
    assert verify_pack(pack).pack is None
