"""What is read of an engine's answers, with each engine's own gaps."""

from typing import Any

import pytest

from chaosproof.targets.containers.engine.records import EngineEvent, is_one_off, read_container, read_event

ID = "5e" * 32
LABELS = {
    "com.docker.compose.project": "mine",
    "com.docker.compose.service": "shop",
    "com.docker.compose.container-number": "2",
}


def inspect(**parts: Any) -> dict[str, Any]:
    """An answer to GET /containers/ID/json, with these parts instead of those of a running container."""
    whole = {
        "Id": ID,
        "Name": "/mine-shop-2",
        "Image": "sha256:ab",
        "RestartCount": 3,
        "State": {"Running": True, "Pid": 4711, "ExitCode": 0, "StartedAt": "2026-11-28T22:00:00.5Z"},
        "Config": {
            "Labels": LABELS,
            "Env": ["PATH=/bin", "QUERY=a=b", "EMPTY="],
            "ExposedPorts": {"8080/tcp": {}, "53/udp": {}},
            "Healthcheck": {"Test": ["CMD", "check", "me"]},
            "User": "1:1",
            "WorkingDir": "/srv",
        },
        "HostConfig": {"NetworkMode": "mine_default", "PortBindings": {"9090/tcp": [{"HostPort": "80"}]}},
        "NetworkSettings": {
            "Ports": {"8080/tcp": None},
            "Networks": {"mine_default": {"IPAddress": "10.89.0.2", "GlobalIPv6Address": ""}},
        },
    }
    return {**whole, **parts}


def test_a_running_container_is_read():
    """All that Compose and the engine say of it."""
    container = read_container(inspect())
    assert (container.id, container.name, container.image) == (ID, "mine-shop-2", "sha256:ab")
    assert (container.project, container.service, container.number) == ("mine", "shop", 2)
    assert (container.pid, container.running, container.exit_code, container.restarts) == (
        4711,
        True,
        None,
        3,
    )
    assert container.started_at == 1_795_903_200.5
    assert (
        container.networks == {"mine_default": ("10.89.0.2", "")} and container.network_mode == "mine_default"
    )
    assert container.ports == (8080, 9090)
    assert container.environment == {"PATH": "/bin", "QUERY": "a=b", "EMPTY": ""}
    assert (container.user, container.working_dir, container.health_test) == (
        "1:1",
        "/srv",
        ("CMD", "check", "me"),
    )


def test_an_ended_container_has_a_code_and_no_process():
    """Podman leaves the number of the last process where it was."""
    state = {
        "Running": False,
        "Pid": 4711,
        "ExitCode": 137,
        "StartedAt": "2026-11-28T22:00:00.123456789+01:00",
    }
    container = read_container(inspect(State=state))
    assert (container.pid, container.running, container.exit_code) == (0, False, 137)
    assert container.started_at == pytest.approx(1_795_899_600.123456, abs=1e-5)


def test_a_container_that_was_never_started_has_no_code():
    """The year 1 is how both engines write that it was not."""
    state = {"Running": False, "Pid": 0, "ExitCode": 0, "StartedAt": "0001-01-01T00:00:00Z"}
    container = read_container(inspect(State=state))
    assert (container.exit_code, container.started_at) == (None, 0.0)


def test_what_an_engine_leaves_out_is_empty():
    """Null where a part is empty, no part at all, and no labels of Compose."""
    bare = {"Labels": None, "Env": None, "ExposedPorts": None, "Healthcheck": {"Test": ["NONE"]}}
    container = read_container(
        {"Id": ID, "Name": "alone", "State": {}, "Config": bare, "NetworkSettings": None}
    )
    assert (container.project, container.service, container.number) == ("", "", 0)
    assert (container.ports, container.networks, container.environment, container.health_test) == (
        (),
        {},
        {},
        (),
    )


def test_a_death_is_read_from_either_engine():
    """Docker's words; Podman 4 has others for the action and for the code."""
    at = {"time": 1_795_903_200, "timeNano": 1_795_903_200_500_000_000}
    docker = {"Action": "die", "Actor": {"ID": ID, "Attributes": {"exitCode": "137"}}}
    podman = {
        "Action": "died",
        "status": "die",
        "Actor": {"ID": ID, "Attributes": {"containerExitCode": "137"}},
    }
    for event in (docker, podman):
        assert read_event({"Type": "container", **event, **at}) == EngineEvent(
            ID, "die", 1_795_903_200.5, 137
        )


def test_other_events_have_no_code_and_no_arguments():
    """An action may have a command behind it; a network's event is none of a container."""
    event = {
        "Type": "container",
        "time": 1_795_903_200,
        "Actor": {"ID": ID, "Attributes": {"containerExitCode": "0"}},
    }
    assert read_event({**event, "Action": "exec_start: sh -c true"}) == EngineEvent(
        ID, "exec_start", 1_795_903_200.0
    )
    assert read_event({**event, "Action": "remove"}) == EngineEvent(ID, "destroy", 1_795_903_200.0)
    assert read_event({"Type": "network", "Action": "connect", "Actor": {"ID": "n"}}) is None


def test_a_container_of_compose_run_is_known():
    """Compose writes the word with a capital, podman-compose does not."""
    assert is_one_off({"com.docker.compose.oneoff": "True"}) and is_one_off(
        {"com.docker.compose.oneoff": "true"}
    )
    assert not is_one_off({"com.docker.compose.oneoff": "False"}) and not is_one_off({})
