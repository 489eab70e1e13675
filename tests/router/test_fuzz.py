"""The decoder under coverage-guided fuzzing: a minute of it, where atheris is installed (requirements-dev.txt)."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FUZZ_S = 60


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed")
def test_a_minute_of_guided_fuzzing_finds_no_bytes_that_the_decoder_takes_amiss(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.router.fuzz_decoder", f"-max_total_time={FUZZ_S}"],
        cwd=tmp_path,  # where libFuzzer would leave the bytes that broke it
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        timeout=FUZZ_S + 45,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert list(tmp_path.iterdir()) == []
    runs = re.search(r"Done (\d+) runs", done.stderr)
    assert runs is not None and int(runs[1]) > 100_000, done.stderr[-1000:]
