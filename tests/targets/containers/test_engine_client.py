"""What an engine knows of containers, and does with them: Podman or Docker, whichever this user has."""

import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from chaosproof.errors import TargetError
from chaosproof.targets.containers.engine.client import EngineClient
from chaosproof.targets.containers.engine.find import find_engine
from chaosproof.targets.containers.engine.processes import situation_of
from chaosproof.targets.containers.engine.records import EngineEvent
from chaosproof.targets.containers.engine.refusals import why_not
from chaosproof.targets.process_network import ProcessNetwork
from tests.containers.projects import Project
from tests.support.waiting import eventually

pytestmark = pytest.mark.containers

FOREVER = ("sleep", "1000")


def test_it_is_the_engine_that_was_started(client: EngineClient):
    """The kind is read from its answer, and rootless from the user who listens at its socket."""
    expected = os.environ.get(
        "CHAOSPROOF_ENGINE", f"{client.kind}-{'rootless' if client.rootless else 'rootful'}"
    )
    assert f"{client.kind}-{'rootless' if client.rootless else 'rootful'}" == expected
    assert client.rootless == (os.geteuid() != 0) and client.version


def test_a_running_container_is_described(project: Project):
    """By its Compose labels, its process, its networks, its ports and how it was to be started."""
    test = ["CMD-SHELL", "true"]
    container = project.run(
        "shop",
        FOREVER,
        environment={"COLOUR": "blue=green"},
        ports=[8080, (5353, "udp")],
        working_dir="/tmp",
        user="1:1",
        healthcheck={"test": test, "interval": 3_600_000_000_000},
    )
    assert (container.project, container.service, container.number) == (project.name, "shop", 1)
    assert container.name == f"{project.name}-shop-1" and container.running and container.exit_code is None
    assert Path(f"/proc/{container.pid}/cmdline").read_bytes() == b"sleep\x001000\x00"
    assert (
        list(container.networks) == [project.network]
        and container.networks[project.network][0].count(".") == 3
    )
    assert container.ports == (8080,) and container.environment["COLOUR"] == "blue=green"
    assert (container.user, container.working_dir, container.health_test) == ("1:1", "/tmp", tuple(test))
    assert project.client.containers(project.name) == (container,)
    assert (
        why_not(container, situation_of(container, project.client.containers()), project=project.name) == ""
    )


def test_an_ended_container_is_listed_with_its_code_and_one_of_compose_run_is_not(project: Project):
    """`compose run` starts no copy of a service."""
    project.run("job", ["sh", "-c", "exit 7"])
    project.run("shell", FOREVER, labels={"com.docker.compose.oneoff": "True"})
    assert eventually(lambda: not project.client.containers(project.name)[0].running)
    (job,) = project.client.containers(project.name)
    assert (job.exit_code, job.pid, job.service) == (7, 0, "job")


def test_an_unknown_container_is_one_sentence(client: EngineClient):
    """With the engine that does not have it."""
    with pytest.raises(TargetError, match=r"^(Podman|Docker) .* has no container 'nobody'\.$"):
        client.container("nobody")


def test_what_it_wrote_is_read(project: Project):
    """Both its streams, in order."""
    container = project.run(
        "talker", ["sh", "-c", "echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three; sleep 1000"]
    )
    assert eventually(lambda: project.client.logs(container.id) == "one\ntwo\nthree\n")


def test_a_restart_by_the_engine_is_a_new_process_in_a_new_network(project: Project):
    """So a fault that is on stays behind, which is why it is looked for."""
    before = project.run("shop", FOREVER)
    network = ProcessNetwork(before.pid, "the first process")
    project.client.restart(before.id, grace_s=1)
    after = project.client.container(before.id)
    assert after.running and after.pid != before.pid and after.started_at > before.started_at
    assert not ProcessNetwork(after.pid, "the second process").is_same(network)


def test_events_come_in_dockers_words_and_end_with_the_client(project: Project):
    """A start and a death by a signal, with its code; those of other projects are not among them."""
    watching = find_engine()
    stream = watching.events(project.name)
    events: list[EngineEvent] = []
    thread = threading.Thread(target=lambda: events.extend(stream), daemon=True)
    thread.start()
    container = project.run("shop", FOREVER)
    os.kill(container.pid, signal.SIGKILL)
    assert eventually(lambda: "die" in [event.action for event in events])
    watching.close()
    thread.join(5)
    assert not thread.is_alive()
    ours = [event for event in events if event.container == container.id]
    actions = [event.action for event in ours]
    assert actions.index("start") < actions.index("die") and ours == events
    (death,) = [event for event in ours if event.action == "die"]
    assert death.exit_code == 137 and 0 <= death.at - container.started_at < 30


def test_a_kill_from_outside_is_answered_by_the_restart_policy(project: Project):
    """The engine's own kill counts as meant by hand; a signal to the process does not."""
    before = project.run("shop", FOREVER, host={"restart_policy": {"Name": "always"}})
    os.kill(before.pid, signal.SIGKILL)
    assert eventually(lambda: project.client.container(before.id).pid not in (0, before.pid), 15)
    assert project.client.container(before.id).restarts == 1


def test_a_removed_container_is_gone_and_removing_it_again_is_no_error(project: Project):
    """As by hand, with force."""
    container = project.run("shop", FOREVER)
    project.client.remove(container.id)
    project.client.remove(container.id)
    assert project.client.containers(project.name) == ()


def test_another_machines_container_is_known(project: Project):
    """Where its number leads to another process here."""
    container = project.run("shop", FOREVER)
    elsewhere = replace(container, pid=os.getpid(), id="0" * 64)
    assert not situation_of(elsewhere, ()).is_here
