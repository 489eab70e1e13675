"""Setting up for real, from the package index: interrupted, twice at once, after an older version, and by pip."""

import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from tests.support.chaos import REPOSITORY
from tests.support.tree import files_of
from tests.support.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def tree(tmp_path):
    """A copy of this checkout that nothing has been set up in."""
    folder = tmp_path / "tree"
    for name in files_of(REPOSITORY):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, folder / name)
    return folder


def _start(tree, *command, **environment):
    inherited = {
        name: value for name, value in os.environ.items() if name not in ("CHAOSPROOF_VENV", "PYTHONPATH")
    }
    return subprocess.Popen(
        [str(tree / "run"), *command],
        env={**inherited, "PYTHON": sys.executable, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _run(tree, *command, **environment):
    process = _start(tree, *command, **environment)
    stdout, stderr = process.communicate(timeout=500)
    return process.returncode, stdout, stderr


def _works(tree):
    code, stdout, stderr = _run(tree, "chaosproof", "--help")
    assert (code, stderr) == (0, ""), stderr
    assert "doctor" in stdout


def _installed(tree):
    return len(list((tree / ".venv").glob("lib/python3*/site-packages/*.dist-info")))


MOMENTS = {
    "its first instant": lambda tree: (tree / ".venv/.chaosproof-unfinished").exists(),
    "the environment is half made": lambda tree: (tree / ".venv/bin/python").exists(),
    "uv is there": lambda tree: (tree / ".venv/bin/uv").exists(),
    "the first packages are there": lambda tree: _installed(tree) > 5,
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_set_up_after_one_that_was_interrupted_works(tree, moment, tmp_path):
    """Ctrl-C reaches ./run and the installer alike."""
    # what is in no cache takes its time
    process = _start(tree, "setup", UV_CACHE_DIR=str(tmp_path / "cache"))
    assert eventually(lambda: MOMENTS[moment](tree) or process.poll() is not None, within_s=200)
    assert process.poll() is None, process.communicate()
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert not (tree / ".venv/.chaosproof").exists()
    code, _, stderr = _run(tree, "setup")
    assert code == 0, stderr
    assert "an earlier set-up did not end: beginning anew" in stderr
    _works(tree)


def test_an_environment_without_pip_that_an_older_version_left_is_mended(tree):
    """Before, every later call said "No module named pip"."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tree / ".venv")], check=True)
    code, _, stderr = _run(tree, "setup")
    assert code == 0, stderr
    _works(tree)


def test_two_set_ups_at_once_do_not_meet(tree):
    """One waits, says so, and has nothing left to do."""
    both = [_start(tree, "setup") for _ in range(2)]
    printed = [process.communicate(timeout=500)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    assert sorted(text.count("waiting for another set-up") for text in printed) == [0, 1]
    assert sum(text.count("installing setup/run.lock") for text in printed) == 1
    _works(tree)


def test_where_uv_cannot_be_had_pip_does_it(tree):
    """Held to the same hashes."""
    code, _, stderr = _run(tree, "setup", CHAOSPROOF_INSTALLER="pip")
    assert code == 0, stderr
    assert not (tree / ".venv/bin/uv").exists()
    _works(tree)


def test_a_file_with_another_hash_is_refused(tree):
    """By uv and by pip, and the reason is shown."""
    lock = tree / "setup/run.lock"
    click = re.compile(r"^click==.*(?:\n +--hash=sha256:\w+.*)+", re.MULTILINE)
    wrong, changed = click.subn(
        lambda match: re.sub(r"sha256:\w+", f"sha256:{0:064}", match[0]), lock.read_text()
    )
    assert changed == 1
    lock.write_text(wrong)
    code, _, stderr = _run(tree, "setup")
    assert code == 2
    assert "click" in stderr
    assert "setup/run.lock could not be installed (see above)." in stderr
