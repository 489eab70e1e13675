"""`./run s4` is `chaosproof drill s4`: both modes, then the comparison; wrong calls are one sentence."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.chaos import REPOSITORY, SHORT


def _drill(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).with_name("chaosproof")), "drill", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=200, check=False)


@pytest.mark.lab
@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_drill_runs_both_modes_and_the_variant_prints_them_side_by_side_and_exits_0(tmp_path):
    # C07 needs the whole rate, and time for a line to grow before the one worker of a pool of one.
    longer = {**SHORT, "rate_rps": 200, "duration_s": 22, "fault_s": 12}
    variables = [f"--var={name}={value}" for name, value in longer.items()]
    done = _drill("s4", *variables, "--journals", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "s4: pass" in done.stdout
    assert any("baseline" in line and "resilient" in line for line in done.stdout.splitlines())
    (document,) = tmp_path.glob("s4/compare/*/compare.json")
    compared = json.loads(document.read_text())
    assert compared["verdict"] == "pass" and compared["not_judged"] == []
    assert any(check["id"] == "C07" and check["interval"]["low"] > 0 for check in compared["checks"])
    assert len(list(tmp_path.glob("s4/resilient/*/artifacts/*"))) == 8


WRONG = [
    (("s9",), "There is no experiment experiments/s9.json; experiments here: "),
    (("s4", "--var", "rate_rps"), "--var takes NAME=VALUE, not 'rate_rps'."),
    (("s4", "--var", "mode=baseline"), "A drill runs both modes"),
]


@pytest.mark.parametrize(("arguments", "sentence"), WRONG)
def test_a_wrong_call_is_one_sentence(arguments, sentence):
    done = _drill(*arguments)
    assert done.returncode == 64
    assert sentence in done.stderr and "Traceback" not in done.stderr


def test_a_run_that_cannot_begin_ends_the_drill_with_2(tmp_path):
    done = _drill("s4", "--var", "duration_s=nan", "--journals", str(tmp_path))
    assert done.returncode == 2
    assert "duration_s must be a finite number" in done.stderr
    assert "The baseline run did not begin" in done.stderr and "Traceback" not in done.stderr
