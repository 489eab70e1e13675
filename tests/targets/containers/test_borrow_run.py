"""A command that finds /run of a container at its own: with mount namespaces made by hand, and no engine."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosproof.targets.containers.inside import borrow_run

# rooms of one user namespace, as those of a rootless engine and the project's supervisor are
BOTH = """
unshare --mount sh -c '
  mount -t tmpfs none /run && mkdir /run/shop && mount -t tmpfs none /run/shop
  echo theirs > /run/shop/greeting && echo there && exec sleep 60 >/dev/null' &
read _ && exec unshare --mount sh -c '
  mount -t tmpfs none /run && echo ours > /run/greeting
  "$0" -IS "$1" $(cat /proc/"$2"/task/"$2"/children | cut -d" " -f1) sh -c "$3"; cat /run/greeting' "$@"
"""


@pytest.fixture
def asked() -> Iterator[subprocess.Popen[str]]:
    script = (
        "pwd; cat /run/shop/greeting; ls -d /run/greeting; test -e "
        + str(Path(__file__))
        + " && echo own files"
    )
    rooms = ["--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"]
    argv = ["unshare", *rooms, "sh", "-c", f'set -- "$0" "$1" $$ "$2"; {BOTH}']
    argv += [sys.executable, borrow_run.__file__, script]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as made:
        yield made
        made.kill()


def test_it_finds_their_run_with_what_is_mounted_in_it_and_keeps_other_files(asked: subprocess.Popen[str]):
    """And who called it still has a /run of its own."""
    assert asked.stdout is not None and asked.stdin is not None
    assert asked.stdout.readline() == "there\n"
    rest, _ = asked.communicate("go\n", timeout=20)
    assert rest.splitlines() == [str(Path.cwd()), "theirs", "own files", "ours"]


def test_a_process_that_is_not_there_is_a_sentence():
    """Its exit code is that of no program."""
    done = subprocess.run(
        [sys.executable, "-IS", borrow_run.__file__, "0", "true"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 125
    assert done.stderr == "/run of process 0 cannot be borrowed: No such file or directory\n"
