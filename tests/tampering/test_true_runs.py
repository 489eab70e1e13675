"""A true run passes, also on a machine that is busy with something else: a red that nobody caused teaches people to
look away.

Try it: ./run test tests/tampering/test_true_runs.py -m slow
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chaos import run_s4

pytestmark = [pytest.mark.slow, pytest.mark.lab, pytest.mark.e2e, pytest.mark.timeout(180)]

RUNS = 20


@pytest.fixture(scope="module")
def busy_core() -> Iterator[None]:
    """One core does something else, all the time."""
    core = min(os.sched_getaffinity(0))
    burn = f"import os; os.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", burn]) as process:
        yield
        process.kill()


@pytest.mark.parametrize("turn", range(RUNS))
@pytest.mark.usefixtures("busy_core")
def test_a_short_run_of_s4_passes_on_a_busy_machine(tmp_path: Path, turn: int) -> None:
    run = run_s4(tmp_path / f"turn-{turn}", mode="resilient")
    assert (run.exit_code, run.journal.get("status")) == (0, "completed"), run.stdout + run.stderr
    assert run.summary["verdict"] == "pass", run.stdout
