"""What is derived from a run, figure for figure and word for word."""

from collections.abc import Callable
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from chaosproof.judge.judge import judge_run
from chaosproof.runfolder.run_folder import RAW_FILES
from tests.support.runs import Run, baseline_run, resilient_run
from tests.support.shown_runs import eventful, unfinished
from tests.support.snapshots import compact, normalise


@pytest.mark.parametrize("make", [baseline_run, eventful, unfinished])
def test_the_rows_of_a_run(tmp_path: Path, make: Callable[[], Run], snapshot: SnapshotAssertion) -> None:
    """Each check with its status, its sentence and its evidence."""
    checks = judge_run(make().write(tmp_path)).checks
    rows = [f"{c.id} {c.status}: {c.details} [{c.evidence}]" for c in checks]
    assert normalise("\n".join(rows), tmp_path) == snapshot


@pytest.mark.parametrize("name", [*RAW_FILES[:8], "events.ndjson"])
def test_the_rows_of_a_run_without_one_of_its_files(
    tmp_path: Path, name: str, snapshot: SnapshotAssertion
) -> None:
    """Each check that does not pass then, with its status, its sentence and its evidence."""
    run = resilient_run()
    run.without.add(name)
    checks = judge_run(run.write(tmp_path)).checks
    rows = [f"{c.id} {c.status}: {c.details} [{c.evidence}]" for c in checks if c.status != "pass"]
    assert normalise("\n".join(rows), tmp_path) == snapshot


def test_the_figures_of_a_run(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """summary.json of a run that holds, and the figures that its claims may name."""
    verdict = judge_run(resilient_run().write(tmp_path))
    figures = {name: verdict.figures[name] for name in ("activities", "series", "variables")}
    assert compact({"summary": verdict.summary, "figures": figures}, tmp_path) == snapshot


@pytest.mark.parametrize("make", [eventful, unfinished])
def test_the_timeline_of_a_run(tmp_path: Path, make: Callable[[], Run], snapshot: SnapshotAssertion) -> None:
    """timeline.json, from which the page draws its plots."""
    assert compact(judge_run(make().write(tmp_path)).timeline, tmp_path) == snapshot
