"""The helper container: on the project's networks, of any image, and gone when nobody holds it."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaosproof.errors import TargetError
from chaosproof.targets.containers.engine.client import EngineClient
from chaosproof.targets.containers.engine.records import PROJECT, Container
from chaosproof.targets.containers.helper_container import HELPER_NAME, start_helper
from chaosproof.targets.containers.helper_program import SOCKET_NAME
from tests.containers.images import EMPTY_IMAGE, IMAGE
from tests.containers.projects import Project
from tests.support.waiting import eventually

pytestmark = pytest.mark.containers

HOLD = f"""
import socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect({SOCKET_NAME!r})
print("held", flush=True)
sys.stdin.read()
"""


def enter(container: Container) -> Sequence[str]:
    """What runs a command in the container's network, with the rights of its root there."""
    by_root = os.geteuid() == 0
    user = [] if by_root else [f"--user=/proc/{container.pid}/ns/user", "--preserve-credentials"]
    return ["nsenter", *user, f"--net=/proc/{container.pid}/ns/net", "--"]


@contextmanager
def held(helper: Container) -> Iterator["subprocess.Popen[str]"]:
    """A process that holds the helper."""
    argv = [*enter(helper), "/usr/bin/python3", "-I", "-S", "-c", HOLD]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_it_is_removed_when_its_holder_is_killed(project: Project):
    """By the kernel and the engine: nothing of ours is left to do it."""
    helper = start_helper(project.client, IMAGE, [project.network], {PROJECT: project.name})
    with held(helper) as holder:
        assert project.client.container(helper.id).running
        holder.kill()
    assert eventually(lambda: project.client.containers(project.name) == (), 10)


def test_it_needs_nothing_of_its_image(project: Project):
    """A user's image may hold one program without anything beside it; this one holds none."""
    helper = start_helper(project.client, EMPTY_IMAGE, [project.network], {PROJECT: project.name})
    with held(helper):
        assert project.client.container(helper.id).running


def test_names_resolve_in_its_network_as_for_the_project(project: Project):
    """A program of this machine in that network reaches a service by its name, asked of the container's own DNS."""
    shop = project.run("shop", ["httpd", "-f", "-p", "8080"])
    helper = start_helper(project.client, IMAGE, [project.network], {PROJECT: project.name})
    with held(helper):
        resolver = Path(f"/proc/{helper.pid}/root/etc/resolv.conf").read_text()
        server = next(line.split()[1] for line in resolver.splitlines() if line.startswith("nameserver"))
        argv = [*enter(helper), "busybox", "nslookup", "shop", server]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert shop.networks[project.network][0] in done.stdout, done.stdout + done.stderr


def test_it_has_no_capability_no_port_and_no_health_test(project: Project):
    """It needs none of them."""
    helper = start_helper(project.client, IMAGE, [project.network], {PROJECT: project.name, "run": "x"})
    with held(helper):
        status = Path(f"/proc/{helper.pid}/status").read_text()
        assert "CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status
    assert helper.name.startswith(HELPER_NAME) and helper.labels["run"] == "x"
    assert (helper.ports, helper.health_test, list(helper.networks)) == ((), (), [project.network])


def test_it_is_on_every_network_that_is_named(project: Project):
    """A project may have several."""
    other = f"{project.name}_back"
    project.api.create_network(other, driver="bridge")
    try:
        helper = start_helper(project.client, IMAGE, [project.network, other], {PROJECT: project.name})
        assert sorted(helper.networks) == sorted([project.network, other])
        assert all(ip for ip, _ in helper.networks.values())
        project.client.remove(helper.id)
    finally:
        project.api.remove_network(other)


def test_an_image_that_is_not_there_is_one_sentence_and_leaves_nothing(
    project: Project, client: EngineClient
):
    """Nothing is pulled for it."""
    with pytest.raises(TargetError, match=r"^(Podman|Docker) .* did not create chaosproof-helper-"):
        start_helper(client, "localhost/nowhere:latest", [project.network], {PROJECT: project.name})
    assert client.containers(project.name) == ()
