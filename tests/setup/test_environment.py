"""The virtual environment: one set-up at a time, and what is printed of it."""

import fcntl
import os
import subprocess
import sys

import pytest

from tests.setup.shell import bin_folder, shell
from tests.support.chaos import REPOSITORY
from tests.support.waiting import eventually

_PATH = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def test_a_warning_of_what_succeeds_is_not_shown():
    """An index may warn of itself as it likes."""
    done = shell('quietly sh -c "echo a newer pip; echo is there >&2"', path=_PATH)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_all_that_a_failing_command_prints_is_shown():
    """With its own exit code."""
    done = shell('quietly sh -c "echo no such package; echo really >&2; exit 7"', path=_PATH)
    assert (done.returncode, done.stderr) == (7, "no such package\nreally\n")


@pytest.mark.parametrize(
    ("version", "fits"), [("3.10", False), ("3.11", True), ("3.14", True), ("3.15", False)], ids=str
)
def test_a_python_named_by_the_user_is_taken_or_refused_and_never_passed_over(version, fits, tmp_path):
    """3.11 to 3.14."""
    minor = version.split(".")[1]
    pretends = f"import sys; sys.version_info = (3, {minor}, 0); exec(sys.argv[1])"
    stand_in = f"exec {sys.executable} -c '{pretends}' \"$2\""
    path = bin_folder(tmp_path / "bin", {"mine": stand_in, "python3": "exit 0"})
    done = shell("find_python", path=path, PYTHON="mine")
    if fits:
        assert (done.returncode, done.stdout) == (0, "mine\n"), done.stderr
    else:
        assert done.returncode == 2
        assert done.stderr == "run: PYTHON=mine is no Python from 3.11 to 3.14.\n"


def test_a_folder_with_something_else_in_it_is_not_thrown_away(tmp_path):
    """CHAOSPROOF_VENV may name any folder by mistake."""
    kept = tmp_path / "venv" / "thesis.txt"
    kept.parent.mkdir()
    kept.write_text("years of work")
    done = shell("need_venv", path=_PATH, venv=kept.parent)
    assert done.returncode == 2
    assert "./run did not make it" in done.stderr
    assert kept.read_text() == "years of work"


def _stamp():
    return shell("stamp_of setup/run.lock pyproject.toml setup/packages.sh", path=_PATH).stdout


def test_a_second_set_up_waits_for_the_first_and_takes_what_it_made(tmp_path):
    """It says that it waits, and installs nothing that is there when its turn comes."""
    venv = tmp_path / "venv"
    venv.mkdir()
    first = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(first, fcntl.LOCK_EX)
    printed = tmp_path / "printed"
    with printed.open("w") as stderr:
        second = subprocess.Popen(
            [str(REPOSITORY / "run"), "setup"],
            env={**os.environ, "CHAOSPROOF_VENV": str(venv)},
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        )
    assert eventually(lambda: "waiting for another set-up" in printed.read_text(), within_s=30)
    assert second.poll() is None
    (venv / ".chaosproof").write_text(_stamp())
    os.close(first)
    assert second.wait(30) == 0
    waiting, ready = printed.read_text().splitlines()
    assert waiting == f"run: waiting for another set-up of {venv} to end"
    assert ready == f"run: ready: {venv}"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("index-url = https://one.example/simple\n", "https://one.example/simple"),
        ("[global]\ncert=/a.pem\n", ""),
    ],
    ids=["an index", "no index"],
)
def test_uv_gets_the_index_of_pips_settings(file, expected, tmp_path):
    """uv reads none of pip's files, and would ask the public index where a company has its own."""
    (tmp_path / "pip.conf").write_text(file)
    uv = bin_folder(tmp_path / "bin", {"uv": 'echo "$UV_PYTHON_DOWNLOADS ${UV_DEFAULT_INDEX-}"'})
    done = shell("uv=uv; by_uv x", path=uv, PIP_CONFIG_FILE=str(tmp_path / "pip.conf"), HOME="/nonexistent")
    assert done.stdout == f"never {expected}\n"
