"""What a person reads of a run, a comparison and a pack: on a page, in a terminal, in CI."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from chaosproof.judge.judge import judge_run
from chaosproof.report.forest import forest
from chaosproof.report.formats.ci import annotations, step_summary
from chaosproof.report.formats.terminal import print_comparison, print_verdict
from chaosproof.report.index import index_page
from chaosproof.report.write import write_comparison, write_verdict
from tests.support.overviews import AMISS, PASSING
from tests.support.runs import Run
from tests.support.shown_runs import eventful, three_pairs, unfinished
from tests.support.snapshots import normalise, printed, visible_text


@pytest.mark.parametrize("make", [eventful, unfinished])
def test_a_run_in_the_terminal(tmp_path: Path, make: Callable[[], Run], snapshot: SnapshotAssertion) -> None:
    """What `chaos run` prints at its end."""
    verdict = judge_run(make().write(tmp_path))
    assert normalise(printed(partial(print_verdict, verdict)), tmp_path) == snapshot


def test_a_comparison_in_the_terminal(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """What `chaosproof compare` prints."""
    comparison = three_pairs(tmp_path)
    assert normalise(printed(partial(print_comparison, comparison)), tmp_path) == snapshot


def test_the_page_of_a_run(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """The text of report.html in its order."""
    write_verdict(tmp_path, judge_run(eventful().write(tmp_path)))
    assert normalise(visible_text((tmp_path / "report.html").read_text()), tmp_path) == snapshot


def test_the_page_of_a_comparison(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """The text of report.html in its order."""
    write_comparison(tmp_path, three_pairs(tmp_path))
    assert normalise(visible_text((tmp_path / "report.html").read_text()), tmp_path) == snapshot


def test_the_page_of_an_overview(snapshot: SnapshotAssertion) -> None:
    """The text of the page that a pack opens with."""
    assert visible_text(index_page(AMISS)) == snapshot


def test_an_overview_in_ci(snapshot: SnapshotAssertion) -> None:
    """The summary of a step and its annotations."""
    shown = [step_summary(PASSING), *annotations(PASSING), step_summary(AMISS), *annotations(AMISS)]
    assert "\n".join(shown) == snapshot


def test_the_marks_of_an_effect(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """Where the drawing of the first effect has the values, the ends of their intervals and the runs."""
    effects = three_pairs(tmp_path).document["effects"]
    assert normalise(str(forest(effects[0]))) == snapshot
