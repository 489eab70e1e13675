"""Each tampering case is seen by the row that must answer, although both seals of a folder fit again."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from chaosproof import __version__
from chaosproof.compare.compare import compare_runs
from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.judge.judge import Verdict, judge_run
from chaosproof.pack.documents.environment import environment, packages
from chaosproof.pack.verify import verify_pack
from chaosproof.pack.write_pack import write_pack
from tests.support.recorded_runs import honest, unpack
from tests.support.runs import resilient_run
from tests.support.snapshots import RowsExtension, first_of, row_of
from tests.tampering.case import FAIL, Case, cases_of
from tests.tampering.cases import MADE, PACKS, PAIRS, RECORDED
from tests.tampering.cases.pairs import REFUSED, Pair, exchange_modes


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(RowsExtension)


def each(cases: Iterable[Case]) -> pytest.MarkDecorator:
    """One test for each case, named after it."""
    return pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in cases])


def assert_seen(case: Case, verdict: Verdict) -> None:
    checks = {check.id: check for check in verdict.checks}
    assert checks[case.check].status == case.status, checks[case.check].details
    assert verdict.status != "pass"
    assert "checker itself failed" not in " ".join(check.details for check in verdict.checks)


def test_no_case_is_lost_or_there_twice() -> None:
    for cases, count in ((MADE, 112), (RECORDED, 138), (PAIRS, 7), (PACKS, 29)):
        assert len({case.id for case in cases}) == len(cases) == count


# --- a run ---


@each(MADE)
def test_tampering_with_a_made_run_is_seen(tmp_path: Path, case: Case, snapshot: SnapshotAssertion) -> None:
    run = resilient_run()
    case.mutate(run)
    verdict = judge_run(run.write(tmp_path))
    assert_seen(case, verdict)
    assert row_of(verdict.checks, case.check, tmp_path) == snapshot


@each(case for case in MADE if case.status == FAIL)
def test_a_run_that_did_not_end_is_unknown_whatever_else_is_wrong_with_it(tmp_path: Path, case: Case) -> None:
    run = resilient_run()
    case.mutate(run)
    run.session.update(complete=False)
    assert judge_run(run.write(tmp_path)).status == "unknown"


@pytest.mark.parametrize(("mode", "expected"), [("resilient", "pass"), ("baseline", "fail")])
def test_the_recorded_run_is_judged_as_it_was(tmp_path: Path, mode: str, expected: str) -> None:
    verdict = judge_run(unpack(mode, tmp_path / "run"))
    failing = {c.id for c in verdict.checks if c.status != "pass"}
    assert verdict.status == expected
    assert failing == (set() if mode == "resilient" else {"SYS_STEADY_STATE_AFTER"})


@pytest.mark.parametrize("mode", ["resilient", "baseline"])
def test_sealing_alone_changes_no_verdict(tmp_path: Path, mode: str) -> None:
    before = judge_run(unpack(mode, tmp_path / "run"))
    folder = honest(mode, tmp_path / "sealed")
    folder.seal()
    folder.judge()
    assert judge_run(folder.path).checks == before.checks


@each(RECORDED)
def test_tampering_with_a_recorded_run_is_seen(
    tmp_path: Path, case: Case, snapshot: SnapshotAssertion
) -> None:
    folder = honest(case.mode, tmp_path / "run")
    case.mutate(folder)
    if case.check != "SYS_EVENTS":
        folder.seal()
    verdict = judge_run(folder.path)
    assert_seen(case, verdict)
    assert row_of(verdict.checks, case.check, tmp_path) == snapshot


# --- a pair ---


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(honest("baseline", tmp_path / "b"), honest("resilient", tmp_path / "r"))


def test_the_honest_pair_passes(pair: Pair) -> None:
    compared = compare_runs(pair.baseline.path, pair.resilient.path)
    assert {c.id: c.details for c in compared.checks if c.status != "pass"} == {}
    assert compared.status == "pass"


@each(PAIRS)
def test_tampering_with_a_pair_is_seen(
    tmp_path: Path, pair: Pair, case: Case, snapshot: SnapshotAssertion
) -> None:
    case.mutate(pair)
    pair.baseline.seal()
    pair.resilient.seal()
    compared = compare_runs(pair.baseline.path, pair.resilient.path)
    statuses = {c.id: c.status for c in compared.checks}
    assert statuses[case.check] == case.status, compared.checks
    assert compared.status != "pass"
    assert row_of(compared.checks, case.check, tmp_path) == snapshot


def test_baseline_and_resilient_swapped_are_refused(pair: Pair) -> None:
    with pytest.raises(UsageError, match="not baseline"):
        compare_runs(pair.resilient.path, pair.baseline.path)


def test_baseline_and_resilient_swapped_under_each_others_names_are_no_pass(pair: Pair) -> None:
    exchange_modes(pair)
    pair.baseline.seal()
    pair.resilient.seal()
    assert compare_runs(pair.resilient.path, pair.baseline.path).status != "pass"


@each(cases_of("pair", REFUSED))
def test_runs_that_did_not_do_the_same_are_refused(pair: Pair, case: Case) -> None:
    case.mutate(pair)
    with pytest.raises(ChaosproofError, match="cannot be compared"):
        compare_runs(pair.baseline.path, pair.resilient.path)


# --- a pack ---


@pytest.fixture(scope="module")
def honest_pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack of the recorded pair, that nobody may change."""
    folder = tmp_path_factory.mktemp("pack")
    runs = []
    for n, mode in enumerate(("baseline", "resilient")):
        run = honest(mode, folder / "journals" / "s4" / mode / f"20261122T00000{n}Z")
        # of this version, by which every document must be equal byte for byte
        run.change("session.json", lambda session: session["versions"].update(chaosproof=__version__))
        run.seal()
        run.judge()
        runs.append(run.path)
    write_pack(
        runs,
        [],
        folder / "pack",
        now=1_900_000_000.0,
        environment=environment(os.environ, folder),
        packages=packages(),
    )
    return folder / "pack"


def seal_pack(pack: Path) -> None:
    """Make every manifest of the pack anew, the runs' own first, and the hashes in the attestation."""
    for manifest in sorted(pack.rglob("MANIFEST.sha256"), key=lambda path: -len(path.parts)):
        if manifest.parent == pack:
            attest_anew(pack / "attestation.intoto.json")
        folder = manifest.parent
        files = sorted(p for p in folder.rglob("*") if p.is_file() and p != manifest)
        lines = (
            f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder).as_posix()}\n"
            for p in files
        )
        manifest.write_text("".join(lines))


def attest_anew(attestation: Path) -> None:
    """Its subjects are the files that the pack has now; what it says of the checks stays."""
    statement = json.loads(attestation.read_text())
    pack, own = attestation.parent, (attestation.name, "MANIFEST.sha256")
    files = sorted(p.relative_to(pack).as_posix() for p in pack.rglob("*") if p.is_file())
    digests = {
        name: hashlib.sha256((pack / name).read_bytes()).hexdigest() for name in files if name not in own
    }
    statement["subject"] = [{"name": name, "digest": {"sha256": digest}} for name, digest in digests.items()]
    for named in statement["predicate"]["configuration"]:
        named["digest"]["sha256"] = digests[named["name"]]
    attestation.write_text(json.dumps(statement, indent=2) + "\n")


def test_the_honest_pack_agrees_with_its_files(honest_pack: Path) -> None:
    assert verify_pack(honest_pack).differences == ()


@pytest.mark.parametrize(
    "seal", [pytest.param(bool, id="as it is"), pytest.param(seal_pack, id="with every manifest made anew")]
)
@each(PACKS)
def test_tampering_with_a_pack_is_seen(
    honest_pack: Path, tmp_path: Path, case: Case, seal: Callable[[Path], object], snapshot: SnapshotAssertion
) -> None:
    pack = Path(shutil.copytree(honest_pack, tmp_path / "pack"))
    case.mutate(pack)
    seal(pack)
    verification = verify_pack(pack)
    assert verification.problems != ()
    assert first_of(verification.differences, tmp_path) == snapshot
