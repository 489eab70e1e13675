"""Honest experiments and other endings, run with five versions of the toolkit: no false alarm, no wrong one."""

from pathlib import Path

import pytest

from chaosproof.review.review import review_file

HERE = Path(__file__).parent
OWN = sorted((HERE.parents[1] / "experiments").rglob("*.json"))
HONEST = sorted((HERE / "honest").iterdir())
VERSIONS = sorted((HERE / "versions").glob("*/journal-*.json"))
# shape -> the finding that names it; none where it is a pass
SHAPES = {
    "aborted_by_address": "ended-early",
    "aborted_with_background": "ended-early",
    "after_method_only": None,
    "background_failed": "action-failed",
    "before_method_only": "hypothesis-not-measured",
    "deviated": "deviated",
    "deviated_during_only": "during-not-met",
    "deviated_fail_fast": "during-not-met",
    "deviated_rollbacks_when_deviated": "deviated",
    "dry_actions": "dry-run",
    "dry_activities": "dry-run",
    "dry_pause": "dry-run",
    "dry_probes": "dry-run",
    "during_method_only_deviated": "during-not-met",
    "empty_method": "no-action",
    "failed_before": "baseline-not-met",
    "failed_probe_raises": "probe-failed",
    "failed_probe_refused": "service-down",
    "interrupted_background": "ended-early",
    "interrupted_by_control": "ended-early",
    "interrupted_in_rollbacks": "ended-early",
    "interrupted_sigint": "ended-early",
    "interrupted_sigterm_rollbacks_always": "ended-early",
    "interrupted_sigusr1": "ended-early",
    "interrupted_sigusr2_background": "ended-early",
    "malformed_tolerance_in_method": "jsonpath-not-understood",
    "not_a_number": "not-a-number",
    "probes_only": "no-action",
    "rollback_failed": "rollback-failed",
    "rollbacks_never": "rollbacks-not-played",
}
KINDS_OF_VERSIONS = {
    "aborted_by_address": "ended-early",
    "asked_continuously": "during-not-met",
    "background_and_control": None,
    "dry": "dry-run",
    "ended_by_sigint": "ended-early",
    "exploring": "no-hypothesis",
    "ordinary": None,
}


def test_there_are_enough_of_them() -> None:
    """A claim of no false alarm rests on at least 50 journals."""
    assert len(HONEST) * 2 >= 50
    assert {folder.name for folder in (HERE / "shapes").iterdir()} == set(SHAPES)
    assert {file.parent.name for file in VERSIONS} == set(KINDS_OF_VERSIONS)


@pytest.mark.parametrize("version", ["1.19", "1.21"])
@pytest.mark.parametrize("folder", HONEST, ids=lambda folder: folder.name)
def test_an_honest_journal_has_nothing_above_a_note(folder: Path, version: str) -> None:
    """In either version."""
    review = review_file(folder / f"journal-{version}.json")
    assert [(f.code, f.message) for f in review.findings if f.severity != "note"] == []


@pytest.mark.parametrize("folder", HONEST, ids=lambda folder: folder.name)
def test_an_honest_experiment_passes_before_it_runs(folder: Path) -> None:
    """Lint does not cry wolf either."""
    (file,) = folder.glob("experiment.*")
    review = review_file(file)
    assert [(f.code, f.message) for f in review.findings if f.severity != "note"] == []


@pytest.mark.parametrize("version", ["1.19", "1.21"])
@pytest.mark.parametrize("shape", SHAPES)
def test_another_ending_is_named(shape: str, version: str) -> None:
    """Interrupted, aborted, dry, deviated, rollbacks that failed."""
    review = review_file(HERE / "shapes" / shape / f"journal-{version}.json")
    code = SHAPES[shape]
    codes = {finding.code for finding in review.findings if finding.severity != "note"}
    assert code in codes if code else not codes


@pytest.mark.parametrize("file", VERSIONS, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_older_toolkits_write_what_a_review_reads(file: Path) -> None:
    """1.9 to 1.21: the same kinds, in other shapes."""
    code = KINDS_OF_VERSIONS[file.parent.name]
    codes = {finding.code for finding in review_file(file).findings if finding.severity != "note"}
    assert code in codes if code else not codes


@pytest.mark.parametrize("file", OWN, ids=lambda file: file.stem)
def test_this_projects_own_experiments_have_nothing_above_a_note_before_they_run(file: Path) -> None:
    """The drills and the catalogue."""
    review = review_file(file)
    assert [(f.code, f.message) for f in review.findings if f.severity != "note"] == []


def test_the_own_experiments_are_those_of_the_drills_and_the_catalogue() -> None:
    assert len(OWN) >= 27
