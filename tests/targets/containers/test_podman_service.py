"""Podman without a socket: its API is served for as long as somebody of ours is there to use it."""

import subprocess
import sys
from pathlib import Path

import pytest

from chaosproof.targets.containers.engine.podman_service import start_podman
from tests.support.chaos import REPOSITORY
from tests.support.waiting import eventually

pytestmark = pytest.mark.containers

STARTS = """
import sys
from chaosproof.targets.containers.engine.podman_service import start_podman
print(start_podman().socket, flush=True)
sys.stdin.read()
"""


def _serves(socket: Path) -> bool:
    """Whether a process has the socket's name among its arguments."""
    arguments = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments.append(file.read_bytes())
        except OSError:
            continue
    return any(str(socket).encode() in line for line in arguments)


def test_it_answers_and_ends_with_its_client():
    """Nothing of it is left, neither the process nor the folder of its socket."""
    client = start_podman()
    assert (client.kind, client.containers("no-such-project")) == ("podman", ())
    assert _serves(client.socket)
    client.close()
    assert eventually(lambda: not _serves(client.socket))
    assert not client.socket.parent.exists()


def test_it_ends_with_a_process_that_is_killed():
    """The kernel sees to that."""
    argv = [sys.executable, "-c", STARTS]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    ) as process:
        assert process.stdout is not None
        socket = Path(process.stdout.readline().strip())
        assert _serves(socket)
        process.kill()
    assert eventually(lambda: not _serves(socket), 10)
