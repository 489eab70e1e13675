"""A load without a cap is as strong as planned when its connections wait for answers, not for the generator."""

from pathlib import Path

import pytest

from chaosproof.judge.judge import judge_run
from chaosproof.runfolder.checks import Check
from tests.support.runs import LOAD_AT, Run, resilient_run


def rate_of(run: Run, folder: Path) -> Check:
    return next(c for c in judge_run(run.write(folder)).checks if c.id == "SYS_LOAD_RATE")


def back_to_back(wait_us: float, turn_us: float) -> Run:
    """One connection, 2,000 requests, each sent `turn_us` after the answer to the last."""
    run = resilient_run()
    run.faults.clear()
    step_s = (wait_us + turn_us) / 1e6
    run.rows[:] = [
        [n, f"{at:.6f}", f"{at:.6f}", f"{at + wait_us / 1e6:.6f}", 200, "SUCCESS", "app-a-0", 1]
        for n in range(2000)
        for at in [LOAD_AT + n * step_s]
    ]
    run.plan |= {"model": "closed", "rate_rps": None, "connections": 1, "duration_s": 2000 * step_s}
    run.session["variables"] |= {"duration_s": 2000 * step_s}
    del run.session["variables"]["rate_rps"]
    run.recount()
    return run


@pytest.mark.parametrize(("wait_us", "turn_us"), [(150, 10), (150, 25), (3000, 100)])
def test_the_generators_own_turn_is_no_weakness(tmp_path: Path, wait_us: float, turn_us: float) -> None:
    assert rate_of(back_to_back(wait_us, turn_us), tmp_path).status == "pass"


@pytest.mark.parametrize(("wait_us", "turn_us"), [(150, 300), (3000, 3000), (150, 80)])
def test_a_generator_that_idles_is_one(tmp_path: Path, wait_us: float, turn_us: float) -> None:
    check = rate_of(back_to_back(wait_us, turn_us), tmp_path)
    assert check.status == "fail"
    assert "% of the time only" in check.details
