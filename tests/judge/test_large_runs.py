"""Judging a run takes seconds and little memory, also when the run was large."""

from pathlib import Path

import pytest

from bench.judge.large import judge_apart
from bench.judge.made import write_run


def test_a_minute_of_s4_is_judged_within_3_s_and_200_mb(tmp_path: Path) -> None:
    write_run(tmp_path / "run", 12_000, rate_rps=200.0)
    measured = judge_apart(tmp_path / "run")
    assert measured["requests"] == 12_000
    assert measured["cpu_s"] < 3
    assert measured["peak_mb"] < 200


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_five_million_requests_are_judged_within_60_s_and_1_gb(tmp_path: Path) -> None:
    write_run(tmp_path / "run", 5_000_000)
    measured = judge_apart(tmp_path / "run")
    assert measured["requests"] == 5_000_000
    assert measured["written_s"] < 60
    assert measured["peak_mb"] < 1000
