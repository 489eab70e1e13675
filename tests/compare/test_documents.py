"""What is derived from several runs, figure for figure and word for word."""

from collections.abc import Callable
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from chaosproof.compare.compare import Comparison
from chaosproof.judge.judge import judge_run
from tests.support.shown_runs import three_pairs
from tests.support.snapshots import compact
from tests.support.variant_runs import compared, pool1


def a_variant(folder: Path) -> Comparison:
    return compared(folder, pool1())


@pytest.mark.parametrize("compare", [a_variant, three_pairs])
def test_the_document_of_a_comparison(
    tmp_path: Path, compare: Callable[[Path], Comparison], snapshot: SnapshotAssertion
) -> None:
    """compare.json, without the summaries of its runs."""
    document = compare(tmp_path).document
    own = {key: value for key, value in document.items() if key not in ("baseline", "resilient")}
    assert compact(own, tmp_path) == snapshot


def test_a_comparison_has_the_summaries_of_its_runs(tmp_path: Path) -> None:
    """As summary.json of each run has them."""
    document = compared(tmp_path).document
    for mode, run in (("baseline", tmp_path / "run0"), ("resilient", tmp_path / "run1")):
        assert document[mode] == {**judge_run(run).summary, "run": str(run)}
