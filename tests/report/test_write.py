"""The files that are written of a verdict and of a comparison."""

import json
from pathlib import Path

import pytest

from chaosproof.compare.compare import compare_runs
from chaosproof.errors import ChaosproofError
from chaosproof.judge.judge import judge_run
from chaosproof.report.write import write_comparison, write_verdict
from tests.support.runs import baseline_run, resilient_run


def test_what_is_written_is_read_by_people_too(tmp_path: Path) -> None:
    folder = resilient_run().write(tmp_path / "run")
    verdict = judge_run(folder)
    write_verdict(folder, verdict)
    assert (folder / "summary.json").read_text() == json.dumps(verdict.summary, indent=2) + "\n"
    baseline = baseline_run().write(tmp_path / "baseline")
    compared = compare_runs(baseline, folder)
    write_comparison(tmp_path / "compare", compared)
    assert (tmp_path / "compare/compare.json").read_text() == json.dumps(compared.document, indent=2) + "\n"
    (tmp_path / "file").write_text("")
    with pytest.raises(ChaosproofError, match=r"^cannot make the folder .*/file/compare: Not a directory$"):
        write_comparison(tmp_path / "file" / "compare", compared)
