"""`chaosproof review` as a person calls it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.review.journals import honest, written


def review(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "chaosproof.cli.main", "review", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("output", "status", "code"), [({"n": 1}, "succeeded", 0), ([], "succeeded", 2), (None, "failed", 1)]
)
def test_the_exit_code_is_the_verdict(output: object, status: str, code: int, tmp_path: Path) -> None:
    """0 pass, 1 fail, 2 unknown."""
    content = honest()
    content["run"][0] |= {"output": output, "status": status}
    assert review(written(tmp_path, content)).returncode == code


def test_every_format_is_written_in_one_call(tmp_path: Path) -> None:
    """CI keeps them as artifacts."""
    file = written(tmp_path, honest())
    begins = {"junit": "<?xml", "sarif": '{\n  "$schema"', "html": "<!doctype html>"}
    files = {name: tmp_path / f"review.{name}" for name in begins}
    done = review(file, "--json", *(word for name, path in files.items() for word in (f"--{name}", path)))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["verdict"] == "pass"
    for name, path in files.items():
        assert path.read_text(encoding="utf-8").lstrip().startswith(begins[name])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere.json"], "nowhere.json is not there"),
        (["--json", "--agent", "x"], "choose one of them"),
        ([], "Missing argument"),
    ],
)
def test_a_wrong_call_is_64_and_a_sentence(arguments: list[str], sentence: str) -> None:
    """Never a traceback."""
    done = review(*arguments)
    assert done.returncode == 64
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """A folder that is not there."""
    done = review(written(tmp_path, honest()), "--html", tmp_path / "no" / "page.html")
    assert done.returncode == 2
    assert "cannot write" in done.stderr
