"""Whoever changes a pack is found out: by a hash, by a row, or because the raw files say something else."""

import gzip
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from chaosproof.cli.main import main
from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.pack.files import hash_file
from chaosproof.pack.open import open_pack
from chaosproof.pack.verify import verify_pack
from chaosproof.pack.write_pack import write_pack
from chaosproof.runfolder.manifest import manifest_text, parse_manifest
from tests.support.packs import BASELINE_STAMP, NOW, RESILIENT_STAMP, true_pair
from tests.support.snapshots import RowsExtension, first_of

RESILIENT = f"runs/s4/resilient/{RESILIENT_STAMP}"
BASELINE = f"runs/s4/baseline/{BASELINE_STAMP}"

Lie = Callable[[Path], object]


def edit(name: str, old: str, new: str) -> Lie:
    """Replace words in a file that has them."""

    def lie(pack: Path) -> None:
        text = (pack / name).read_text()
        assert old in text
        (pack / name).write_text(text.replace(old, new))

    return lie


def sealed(lie: Lie) -> Lie:
    """The same lie by someone who writes the manifest anew."""

    def again(pack: Path) -> None:
        lie(pack)
        seal(pack)

    return again


def seal(folder: Path) -> None:
    names = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
    hashes = {name: hash_file(folder / name) for name in names if name != "MANIFEST.sha256"}
    (folder / "MANIFEST.sha256").write_text(manifest_text(hashes))


def without_line(name: str, start: str) -> Lie:
    def lie(pack: Path) -> None:
        lines = (pack / name).read_text().splitlines(keepends=True)
        rest = [line for line in lines if not line.startswith(start)]
        assert len(rest) == len(lines) - 1
        (pack / name).write_text("".join(rest))

    return lie


def with_line(name: str, line: str) -> Lie:
    return lambda pack: (pack / name).write_text((pack / name).read_text() + line)


def without_a_request(pack: Path) -> None:
    """A failed request deleted by someone who knows of every manifest."""
    path = pack / RESILIENT / "requests.csv.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)
    rest = [line for line in lines if "UNAVAILABLE" not in line]
    assert len(rest) < len(lines)
    path.write_bytes(gzip.compress("".join(rest).encode()))
    seal(path.parent)
    seal(pack)


def of_another_run(pack: Path) -> None:
    shutil.copy(pack / BASELINE / "artifacts" / "load.json", pack / RESILIENT / "artifacts" / "load.json")
    shutil.copy(pack / BASELINE / "requests.csv.gz", pack / RESILIENT / "requests.csv.gz")
    seal(pack / RESILIENT)
    seal(pack)


def swapped(pack: Path) -> None:
    """The runs under each other's name."""
    (pack / BASELINE).rename(pack / "there")
    (pack / RESILIENT).rename(pack / BASELINE)
    (pack / "there").rename(pack / RESILIENT)
    seal(pack)


def in_another_order(pack: Path) -> None:
    lines = (pack / "checks.tsv").read_text().splitlines(keepends=True)
    (pack / "checks.tsv").write_text("".join([*lines[:2], *lines[:1:-1]]))


def one_run_more(pack: Path) -> None:
    shutil.copytree(pack / RESILIENT, pack / RESILIENT.replace("0801", "0901"))
    seal(pack)


LIES: dict[str, tuple[Lie, str]] = {
    "a required row removed": (
        sealed(without_line("checks.tsv", "s4.resilient.SYS_FAULT_HIT\t")),
        "checks.tsv, s4.resilient.SYS_FAULT_HIT: the row is missing",
    ),
    "a required row renamed": (
        sealed(edit("checks.tsv", "\nSYS_S4\t", "\nSYS_S5\t")),
        "checks.tsv, SYS_S5: the row says pass, and nothing in the pack leads to it",
    ),
    "a row that fails turned": (
        sealed(edit("checks.tsv", "INFO_s4.baseline.C08\tfail", "INFO_s4.baseline.C08\tpass")),
        "checks.tsv, INFO_s4.baseline.C08: it says pass, and the files say fail",
    ),
    "a row added": (
        sealed(with_line("checks.tsv", "SYS_RECONNECT\tpass\tall is well\tchecks.tsv\n")),
        "checks.tsv, SYS_RECONNECT: the row says pass, and nothing in the pack leads to it",
    ),
    "a row twice": (
        sealed(with_line("checks.tsv", "SYS_S4\tpass\tall is well\tchecks.tsv\n")),
        "SYS_S4 is there twice",
    ),
    "a row with a cell more": (
        sealed(with_line("checks.tsv", "SYS_X\tpass\ta\tb\tc\n")),
        "has 5 cells, and a row has 4",
    ),
    "the rows in another order": (
        sealed(in_another_order),
        "checks.tsv: its rows are in another order",
    ),
    "half a summary": (
        sealed(lambda pack: (pack / "summary.json").write_text("{")),
        "summary.json: it is not whole JSON",
    ),
    "a status of its own": (
        sealed(with_line("checks.tsv", "SYS_X\tgreen\ta\tb\n")),
        "there is no status 'green'",
    ),
    "a cut table": (sealed(with_line("checks.tsv", "SYS_X\tpass")), "its last line is cut"),
    "a control character": (
        sealed(with_line("checks.tsv", "SYS_X\tpass\t\x1b[2Ja\tb\n")),
        "holds what no cell may hold",
    ),
    "a verdict edited": (
        sealed(edit("summary.json", '"verdict": "pass"', '"verdict": "fine"')),
        'summary.json: verdict is "fine", and the files lead to "pass"',
    ),
    "a figure edited in the pack's summary": (
        sealed(edit("summary.json", '"errors": 2', '"errors": 0')),
        "summary.json: runs[1].load.errors is 0, and the files lead to 2",
    ),
    "a readiness typed in by hand": (
        sealed(edit("readiness.json", '"score": 100', '"score": 101')),
        "readiness.json: score is 101, and the files lead to 100",
    ),
    "a comparison edited": (
        sealed(edit("comparisons/s4/compare.json", '"planned_s": 10', '"planned_s": 1')),
        "comparisons/s4/compare.json: baseline.fault.planned_s is 1",
    ),
    "the JUnit file edited": (
        sealed(edit("junit.xml", "SYS_S4", "SYS_S3")),
        "junit.xml: line 10 has",
    ),
    "a warning taken out of SARIF": (
        sealed(edit("results.sarif", '"version": "2.1.0"', '"version": "2.0.0"')),
        "results.sarif: version",
    ),
    "the attestation edited": (
        sealed(edit("attestation.intoto.json", '"PASSED"', '"WARNED"')),
        "attestation.intoto.json: predicate.result",
    ),
    "when it was made edited": (
        sealed(edit("meta/pack.json", f'"made_at": {NOW}', f'"made_at": {NOW + 10}')),
        "readiness.json: age_s",
    ),
    "a figure edited in a run's summary": (
        sealed(edit(f"{RESILIENT}/summary.json", '"errors": 2', '"errors": 0')),
        "SYS_RUNS_UNCHANGED: it says pass, and the files say fail",
    ),
    "a raw file edited": (
        sealed(edit(f"{RESILIENT}/faults.jsonl", '"packets": 412', '"packets": 41200')),
        "s4.resilient.SYS_EVENTS: it says pass, and the files say fail: faults.jsonl is not as it was",
    ),
    "a request deleted, with all manifests made anew": (without_a_request, "SYS_LOAD_ACCOUNTED"),
    "files of another run": (of_another_run, "s4.resilient.SYS_EVENTS: it says pass, and the files say fail"),
    "baseline and resilient swapped": (swapped, "SYS_S4: it says pass, and the files say unknown"),
    "a run added": (one_run_more, "SYS_S4: it says pass, and the files say unknown"),
    "a run taken out": (
        sealed(lambda pack: shutil.rmtree(pack / BASELINE)),
        "SYS_S4: the row says pass, and nothing in the pack leads to it",
    ),
    "an event taken out": (
        sealed(without_line(f"{RESILIENT}/events.ndjson", '{"seq": 2,')),
        "row 2 does not follow the one before it",
    ),
    "the log of events taken out": (
        sealed(lambda pack: (pack / RESILIENT / "events.ndjson").unlink()),
        "the session kept a log of events, and it is gone",
    ),
    "a file that nothing names": (lambda pack: (pack / "note.txt").write_text("hello"), "does not name it"),
    "a file with no place in a pack": (
        sealed(lambda pack: (pack / "note.txt").write_text("hello")),
        "note.txt: a pack has no file of this name",
    ),
    "a comparison of nothing": (
        sealed(lambda pack: shutil.copytree(pack / "comparisons/s4", pack / "comparisons/s1")),
        "comparisons/s1/compare.json: nothing in the pack leads to it",
    ),
    "a draft as a hiding place": (
        lambda pack: (pack / ".draft-x").write_text("x"),
        ".draft-x: MANIFEST.sha256 does not",
    ),
    "a file gone": (
        lambda pack: (pack / "junit.xml").unlink(),
        "junit.xml: MANIFEST.sha256 names it, and it is gone",
    ),
    "one byte of a log": (
        lambda pack: (pack / RESILIENT / "artifacts" / "app-a-0.log").write_bytes(b"x"),
        "its hash is another",
    ),
    "a gate file that is none": (
        sealed(lambda pack: (pack / "meta" / "gate.yaml").write_text("a: [")),
        "meta/gate.yaml is no gate file",
    ),
    "a profile that is not there": (
        sealed(edit("meta/pack.json", '"profile": "s4"', '"profile": "none"')),
        "there is no profile 'none'",
    ),
    "half of meta/pack.json": (
        sealed(edit("meta/pack.json", '"planned": {}\n}', "")),
        "meta/pack.json is not whole JSON",
    ),
    "a folder of a run that holds none": (
        sealed(
            lambda pack: (
                (pack / RESILIENT.replace("0801", "0901") / "note").mkdir(parents=True)
                or (pack / RESILIENT.replace("0801", "0901") / "note" / "x").write_text("x")
            )
        ),
        "is not the folder of a run",
    ),
    "a run under the name of another experiment": (
        sealed(lambda pack: shutil.copytree(pack / RESILIENT, pack / RESILIENT.replace("s4", "r2"))),
        "is a run of the experiment s4",
    ),
    "the table is missing": (lambda pack: (pack / "checks.tsv").unlink(), "checks.tsv: it is missing"),
}


def test_an_honest_pack_says_what_its_files_say(honest: Path) -> None:
    found = verify_pack(honest)
    assert found.differences == ()
    assert found.pack is not None
    assert found.pack.status == "pass"


def test_a_pack_that_was_moved_says_the_same(pack: Path) -> None:
    assert verify_pack(pack).differences == ()


@pytest.mark.parametrize("what", LIES)
def test_a_lie_is_found_and_shuts_the_gate(pack: Path, what: str, snapshot: SnapshotAssertion) -> None:
    lie, says = LIES[what]
    lie(pack)
    opened = open_pack(pack)
    assert says in "\n".join(map(str, opened.verification.differences))
    gate = opened.gate("s4")
    assert gate.status == "fail"
    assert first_of([*opened.verification.differences, *gate.problems], pack, pack.parent) == snapshot(
        extension_class=RowsExtension
    )
    assert opened.readiness("s4", now=NOW).score == 0


def test_other_words_for_the_same_answer_differ_but_shut_nothing(pack: Path) -> None:
    edit("checks.tsv", "412 packets hit", "412 packets were hit")(pack)
    seal(pack)
    found = verify_pack(pack)
    assert {one.only_words for one in found.differences if one.place.startswith("checks.tsv")} == {True}


def test_a_pack_of_before_its_runs_is_a_note(tmp_path: Path) -> None:
    """Which clock was wrong is in no file; the gate asks by its own."""
    pack = write_pack(true_pair(tmp_path / "journals"), [], tmp_path / "pack", now=NOW - 3600)
    verification = verify_pack(pack.path)
    assert verification.differences == ()
    assert ["meta/pack.json: made_at is " in note for note in verification.notes] == [True, True]


def test_a_newer_pack_is_not_known_rather_than_false(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, old, new in (
        ("meta/pack.json", '"schema_version": 1', '"schema_version": 2'),
        ("checks.tsv", "schema_version\t1", "schema_version\t9"),
    ):
        edit(name, old, new)(pack)
        seal(pack)
        with pytest.raises(ChaosproofError, match="use the chaosproof that wrote it, or a newer one"):
            verify_pack(pack)
        assert exit_code("gate", str(pack)) == 2
        assert exit_code("verify-pack", str(pack)) == 2
        said = capsys.readouterr().err
        assert "Traceback" not in said
        edit(name, new, old)(pack)


def test_what_is_no_pack_is_a_wrong_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="there is no folder"):
        verify_pack(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="is not an evidence pack"):
        verify_pack(tmp_path)
    for command in ("gate", "verify-pack", "readiness"):
        assert exit_code(command, str(tmp_path)) == 64
    assert capsys.readouterr().err.count("\n") == 3


def test_how_verify_pack_ends(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("verify-pack", str(pack)) == 0
    assert "checks are as the raw files say; they say: pass" in capsys.readouterr().out
    edit("checks.tsv", "\nSYS_S4\tpass", "\nSYS_S4\tfail")(pack)
    assert exit_code("verify-pack", str(pack), "--json") == 1
    said = json.loads(capsys.readouterr().out)
    assert said["verified"] is False
    places = {one["place"] for one in said["differences"]}
    assert places == {"checks.tsv", "checks.tsv, SYS_S4", "attestation.intoto.json"}


def test_nothing_is_written_by_asking(pack: Path) -> None:
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in pack.rglob("*") if p.is_file()}
    verify_pack(pack)
    open_pack(pack).gate()
    open_pack(pack).readiness(now=time.time())
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in pack.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("0" * 64 + "  ../outside\n", "leaves the folder"),
        ("0" * 64 + "  /etc/passwd\n", "leaves the folder"),
        ("0" * 64 + "  a//b\n", "leaves the folder"),
        ("x" * 64 + "  a\n", "is not a line of sha256sum"),
        ("0" * 64 + " a\n", "is not a line of sha256sum"),
        ("0" * 64 + "  a\n" + "1" * 64 + "  a\n", "is there twice"),
    ],
)
def test_a_manifest_with_a_wrong_line_is_none(pack: Path, line: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_manifest(line)
    with_line("MANIFEST.sha256", line)(pack)
    assert says in "\n".join(map(str, verify_pack(pack).differences))


def exit_code(*argv: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(argv))
    assert isinstance(ended.value.code, int)
    return ended.value.code
