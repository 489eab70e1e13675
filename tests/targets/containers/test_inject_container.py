"""`chaosproof inject --container`: a fault by hand on a container that runs, with a receipt, and nothing left of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chaosproof.targets.containers.engine.client import EngineClient
from chaosproof.targets.containers.engine.records import Container
from chaosproof.targets.process_network import ProcessNetwork
from tests.containers.projects import Project
from tests.support.waiting import eventually

pytestmark = pytest.mark.containers

PORT = 8080
FOREVER = ("sleep", "1000")
# by its address, the first argument: busybox without libraries looks up no name
CALLS = f"while true; do nc -w 1 $0 {PORT} </dev/null && echo good || echo bad; sleep 0.05; done"


def inject(*arguments: str) -> "subprocess.CompletedProcess[str]":
    argv = [str(Path(sys.executable).with_name("chaosproof")), "inject", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


def refused(*arguments: str) -> str:
    """The sentence of a call that is refused as wrong."""
    done = inject("reset", "--port", str(PORT), "--duration", "1s", *arguments)
    assert done.returncode == 64, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture
def caller(project: Project) -> Container:
    """A container that calls the service `shop` for ever, and has had an answer."""
    shop = project.run("shop", ["httpd", "-f", "-p", str(PORT)])
    container = project.run("caller", ["sh", "-c", CALLS, shop.networks[project.network][0]])
    assert eventually(lambda: "good" in project.client.logs(container.id), 15)
    return container


def test_a_reset_bites_ends_by_the_kernel_and_leaves_nothing(project: Project, caller: Container):
    """By the container's name: exit code 0, and the rules in its network are those from before."""
    network = ProcessNetwork(caller.pid, "the container")
    before = network.run(["nft", "list", "ruleset"]).stdout
    done = inject("reset", "--container", caller.name, "--port", str(PORT), "--duration", "2s", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    receipt = json.loads(done.stdout)
    assert receipt["packets"] > 0
    canary = receipt["canary"]
    assert (canary["before"], canary["during"], canary["after"]) == ("open", "refused", "open")
    assert (receipt["instance"], receipt["backend"], receipt["ended_by"]) == ("caller-0", "nft", "kernel")
    assert network.run(["nft", "list", "ruleset"]).stdout == before
    assert "bad" in project.client.logs(caller.id)


def test_a_service_of_the_project_is_a_peer_by_its_name(project: Project, caller: Container):
    """By the service's name, since it has one container: the fault is on what goes to the other service alone."""
    done = inject(
        "drop", "--container", "caller", "--engine", project.client.kind, "--peer", "shop", "--port", str(PORT),
        "--duration", "2s", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    receipt = json.loads(done.stdout)
    assert receipt["packets"] > 0
    canary = receipt["canary"]
    assert (canary["before"], canary["during"], canary["after"]) == ("open", "timeout", "open")


def test_a_restart_in_the_middle_is_told(project: Project, caller: Container):
    """The fault is in the network that the container had: exit code 2, and a sentence."""
    argv = [str(Path(sys.executable).with_name("chaosproof")), "inject", "drop", "--container", caller.name]
    argv += ["--port", str(PORT), "--duration", "6s"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and " is on caller-0" in process.stdout.readline()
        project.client.restart(caller.id, grace_s=1)
        assert "was started anew in the meantime" in process.stdout.read()
    assert process.returncode == 2


def test_what_no_fault_can_act_on_is_refused_with_a_sentence(project: Project):
    """The machine's own network, none, a shared one, an ended container, several copies, and no such container."""
    host, none = (
        project.run("host", FOREVER, network_mode="host"),
        project.run("none", FOREVER, network_mode="none"),
    )
    shop = project.run("shop", FOREVER)
    beside = project.run("beside", FOREVER, network_mode=f"container:{shop.id}")
    ended = project.run("ended", ["true"])
    copies = [project.run("copy", FOREVER, number=number) for number in (1, 2)]
    assert "uses this machine's own network" in refused("--container", host.name)
    assert "has no network" in refused("--container", none.name)
    assert f"shares its network with {beside.name}" in refused("--container", shop.name)
    assert f"shares its network with {shop.name}" in refused("--container", beside.name)
    assert eventually(lambda: not project.client.container(ended.id).running)
    assert "does not run" in refused("--container", ended.name)
    assert f"name one of {copies[0].name}, {copies[1].name}." in refused("--container", "copy")
    assert f"{shop.name}" in refused("--container", "nobody")


def test_those_who_share_a_network_are_hit_where_all_are_named(project: Project, caller: Container):
    """The option again says that they are meant as well."""
    beside = project.run("beside", FOREVER, network_mode=f"container:{caller.id}")
    done = inject(
        "reset",
        "--container",
        caller.name,
        "--container",
        beside.name,
        "--port",
        str(PORT),
        "--duration",
        "1s",
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_container_with_a_user_namespace_of_its_own_is_reached(project: Project, caller: Container):
    """Podman's keep-id: its network belongs to another user namespace than its process does. Docker has none."""
    modes = {"podman": "keep-id" if project.client.rootless else "auto", "docker": "host"}
    shop = project.client.container(f"{project.name}-shop-1").networks[project.network][0]
    container = project.run("deeper", ["sh", "-c", CALLS, shop], user_namespace=modes[project.client.kind])
    assert eventually(lambda: "good" in project.client.logs(container.id), 15)
    done = inject("reset", "--container", container.name, "--port", str(PORT), "--duration", "1s")
    assert done.returncode == 0, done.stdout + done.stderr


def test_port_53_is_refused_where_docker_answers_names_itself(
    project: Project, client: EngineClient, caller: Container
):
    """Podman's DNS is outside of the container, where a fault sees its packets."""
    project.run("asker", ["sh", "-c", "while true; do nslookup shop; sleep 0.1; done"])
    arguments = ("drop", "--container", "asker", "--port", "53", "--protocol", "udp", "--duration", "1s")
    done = inject(*arguments)
    if client.kind == "docker":
        assert done.returncode == 64 and "Docker's own DNS" in done.stderr
    else:
        assert done.returncode == 0, done.stdout + done.stderr
