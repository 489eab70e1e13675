"""Every liar that bends the folder of a run is told, although the log of events and the manifest fit again."""

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from chaosproof.judge.judge import judge_run
from tests.support.recorded_runs import honest, unpack
from tests.support.snapshots import row_of
from tests.tampering.liar import Liar
from tests.tampering.lies import LIARS


@pytest.mark.parametrize(("mode", "expected"), [("resilient", "pass"), ("baseline", "fail")])
def test_the_run_that_the_liars_bend_is_judged_as_it_was(tmp_path: Path, mode: str, expected: str) -> None:
    verdict = judge_run(unpack(mode, tmp_path / "run"))
    wrong = {c.id for c in verdict.checks if c.status != "pass"}
    assert verdict.status == expected
    assert wrong == (set() if mode == "resilient" else {"SYS_STEADY_STATE_AFTER"})


@pytest.mark.parametrize("mode", ["resilient", "baseline"])
def test_sealing_alone_changes_no_verdict(tmp_path: Path, mode: str) -> None:
    before = judge_run(unpack(mode, tmp_path / "run"))
    folder = honest(mode, tmp_path / "sealed")
    folder.seal()
    folder.judge()
    assert judge_run(folder.path).checks == before.checks


@pytest.mark.parametrize("liar", LIARS, ids=[liar.name for liar in LIARS])
def test_a_liar_is_told(tmp_path: Path, liar: Liar, snapshot: SnapshotAssertion) -> None:
    folder = honest(liar.mode, tmp_path / "run")
    liar.spoil(folder)
    if liar.check != "SYS_EVENTS":
        folder.seal()
    verdict = judge_run(folder.path)
    checks = {c.id: c for c in verdict.checks}
    assert checks[liar.check].status == liar.expected, checks[liar.check].details
    assert verdict.status != "pass"
    assert "checker itself failed" not in " ".join(c.details for c in verdict.checks)
    assert row_of(verdict.checks, liar.check, tmp_path) == snapshot
