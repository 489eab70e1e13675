"""From nothing, as an ordinary user: a copy of the tree, `./run` sets up, and a short S4 passes without any root."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.chaos import REPOSITORY, SHORT, chaos_argv
from tests.support.host import left_since, snapshot
from tests.support.tree import files_of

pytestmark = [pytest.mark.lab, pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(420)]

NOBODY = 65534


def _copy_of_the_tree(folder: Path) -> Path:
    for name in files_of(REPOSITORY):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, folder / name)
    return folder


@pytest.fixture
def room(tmp_path_factory):
    """A folder that belongs to nobody, whom pytest's own folders would not let in."""
    folder = Path("/var/tmp") / f"chaosproof-test-{os.getpid()}"
    folder.mkdir(mode=0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.mark.skipif(os.getuid() != 0, reason="not root: this whole suite runs as an ordinary user already")
def test_a_new_copy_sets_itself_up_and_runs_s4_without_root(room):
    tree = _copy_of_the_tree(room / "tree")
    subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(room)], check=True)
    before = snapshot()
    argv = chaos_argv(room / "journals", room / "journal.json", SHORT)
    done = subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "./run", "chaos", *argv[1:]],
        cwd=tree,
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(room),
            **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
        },
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "s4 resilient: pass" in done.stdout
    assert not left_since(before)
