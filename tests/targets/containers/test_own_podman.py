"""Podman without a socket: its API is served for as long as somebody of ours is there to use it. And Podman's pods."""

import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosproof.targets.containers.engine.client import EngineClient
from chaosproof.targets.containers.engine.podman_service import start_podman
from chaosproof.targets.containers.engine.processes import situation_of
from chaosproof.targets.containers.engine.refusals import why_not
from tests.containers.images import IMAGE, load_images, write_images
from tests.support.chaos import REPOSITORY
from tests.support.waiting import eventually

pytestmark = pytest.mark.containers

STARTS = """
import sys
from chaosproof.targets.containers.engine.podman_service import start_podman
print(start_podman().socket, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def podman(tmp_path: Path) -> Iterator[EngineClient]:
    """Podman with an image, whichever engine's tests these are."""
    client = start_podman()
    write_images(tmp_path / "images.tar")
    load_images(client.socket, tmp_path / "images.tar")
    yield client
    client.close()


@pytest.fixture
def pod() -> Iterator[str]:
    """A pod, whose containers share one network."""
    name = f"test-{secrets.token_hex(3)}"
    subprocess.run(["podman", "pod", "create", "--name", name], check=True, stdout=subprocess.DEVNULL)
    yield name
    subprocess.run(
        ["podman", "pod", "rm", "--force", "--time", "0", name], check=True, stdout=subprocess.DEVNULL
    )


def _run_in(pod: str, name: str) -> None:
    argv = ["podman", "run", "--detach", "--pod", pod, "--name", name, IMAGE, "sleep", "1000"]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


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


def test_a_container_alone_in_its_pod_may_be_hit(podman: EngineClient, pod: str):
    """The container that only holds the pod's network does nothing; a second one that does is refused, unless meant."""
    _run_in(pod, f"{pod}-shop")
    shop = podman.container(f"{pod}-shop")
    assert why_not(shop, situation_of(shop, podman.containers())) == ""
    _run_in(pod, f"{pod}-db")
    everyone = podman.containers()
    assert situation_of(shop, everyone).shared_with == (f"{pod}-db",)
    assert why_not(shop, situation_of(shop, everyone, [f"{pod}-db"])) == ""
