"""Liars about a pair of runs: what is called the baseline is none, or the two did not do the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from chaosproof.compare.compare import compare_runs
from chaosproof.errors import ChaosproofError, UsageError
from tests.support.recorded_runs import Folder, honest, unpack
from tests.support.snapshots import row_of
from tests.tampering.liar import tell_fault

Spoil = Callable[[Folder, Folder], object]


def _session(folder: Folder, **said: Any) -> None:
    folder.bend("session.json", lambda session: session.update(said))


def _exchange_modes(baseline: Folder, resilient: Folder) -> None:
    _session(baseline, mode="resilient")
    _session(resilient, mode="baseline")


def _second_resilient(baseline: Folder, resilient: Folder) -> None:
    """What is called the baseline had the patterns on, and held."""
    for path in baseline.path.iterdir():
        if path.is_file():
            path.write_bytes((resilient.path / path.name).read_bytes())
    for path in (baseline.path / "artifacts").iterdir():
        path.write_bytes((resilient.path / "artifacts" / path.name).read_bytes())
    _session(baseline, mode="baseline")


def _same_values(baseline: Folder, resilient: Folder) -> None:
    _session(baseline, values=resilient.read("session.json")["values"])


def _broken_otherwise(baseline: Folder, resilient: Folder) -> None:
    tell_fault(baseline, packets=0)


PAIRS: list[tuple[str, str, str, Spoil]] = [
    (
        "the baseline's fault hit nothing: it broke of something else",
        "unknown",
        "CMP_NEGATIVE_CONTROL",
        _broken_otherwise,
    ),
    ("the baseline is a second resilient run", "unknown", "CMP_NEGATIVE_CONTROL", _second_resilient),
    ("both modes got the same values", "fail", "CMP_MODES_DIFFER", _same_values),
    ("the baseline was killed", "unknown", "CMP_NEGATIVE_CONTROL", lambda b, r: _session(b, complete=False)),
    (
        "the resilient run was killed",
        "unknown",
        "CMP_RESILIENT_PASSES",
        lambda b, r: _session(r, complete=False),
    ),
    (
        "the resilient run's fault hit nothing",
        "fail",
        "CMP_RESILIENT_PASSES",
        lambda b, r: tell_fault(r, packets=0),
    ),
]


def test_the_honest_pair_passes(tmp_path: Path) -> None:
    compared = compare_runs(unpack("baseline", tmp_path / "b"), unpack("resilient", tmp_path / "r"))
    assert {c.id: c.details for c in compared.checks if c.status != "pass"} == {}
    assert compared.status == "pass"


@pytest.mark.parametrize(("name", "expected", "check", "spoil"), PAIRS, ids=[pair[0] for pair in PAIRS])
def test_a_spoilt_pair_is_told(
    tmp_path: Path, name: str, expected: str, check: str, spoil: Spoil, snapshot: SnapshotAssertion
) -> None:
    baseline, resilient = honest("baseline", tmp_path / "b"), honest("resilient", tmp_path / "r")
    spoil(baseline, resilient)
    baseline.seal()
    resilient.seal()
    compared = compare_runs(baseline.path, resilient.path)
    statuses = {c.id: c.status for c in compared.checks}
    assert statuses[check] == expected, compared.checks
    assert compared.status != "pass"
    assert row_of(compared.checks, check, tmp_path) == snapshot


def test_baseline_and_resilient_swapped_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not baseline"):
        compare_runs(unpack("resilient", tmp_path / "r"), unpack("baseline", tmp_path / "b"))


def test_baseline_and_resilient_swapped_under_each_others_names_are_no_pass(tmp_path: Path) -> None:
    baseline, resilient = honest("baseline", tmp_path / "b"), honest("resilient", tmp_path / "r")
    _exchange_modes(baseline, resilient)
    baseline.seal()
    resilient.seal()
    assert compare_runs(resilient.path, baseline.path).status != "pass"


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda b: _session(b, seed=8), id="another seed"),
        pytest.param(lambda b: _session(b, experiment_sha256="0" * 64), id="another experiment"),
        pytest.param(
            lambda b: b.bend("load-plan.json", lambda p: p.update(rate_rps=400.0)), id="another load"
        ),
        pytest.param(lambda b: tell_fault(b, instance="app-a-1"), id="a fault on another instance"),
        pytest.param(lambda b: tell_fault(b, planned_s=6.0), id="a longer fault"),
    ],
)
def test_runs_that_did_not_do_the_same_are_refused(tmp_path: Path, spoil: Callable[[Folder], object]) -> None:
    baseline = honest("baseline", tmp_path / "b")
    spoil(baseline)
    with pytest.raises(ChaosproofError, match="cannot be compared"):
        compare_runs(baseline.path, unpack("resilient", tmp_path / "r"))
