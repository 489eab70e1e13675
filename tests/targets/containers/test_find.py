"""Which engine is meant, at real sockets; each way to have none is one sentence with what to do."""

import hashlib
import json
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from chaosproof.errors import UsageError
from chaosproof.targets.containers.engine.client import EngineClient
from chaosproof.targets.containers.engine.find import find_engine
from chaosproof.targets.containers.engine.versions import wanted_api
from tests.support.engine_socket import DOCKER, PODMAN, answering_at

Find = Callable[..., EngineClient]


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """Finds an engine of this user below `tmp_path`, where nothing is but what a test puts there."""

    def call(wanted: str | None = None, **environment: str) -> EngineClient:
        environment.setdefault("HOME", str(tmp_path / "home"))
        client = find_engine(wanted, environment, root=tmp_path, programs=lambda _: None)
        client.close()
        return client

    return call


def test_the_environment_names_the_engine_and_its_kind_is_read_from_its_answer(find: Find, tmp_path: Path):
    """DOCKER_HOST may lead to Podman; the version is asked for without one in the path."""
    with answering_at(tmp_path / "a.sock", PODMAN) as requests:
        client = find(DOCKER_HOST=f"unix://{tmp_path}/a.sock")
    assert (client.kind, client.version, client.socket) == ("podman", "4.3.1", tmp_path / "a.sock")
    assert client.rootless == (os.geteuid() != 0)
    assert requests == ["/version"]


def test_podman_is_named_by_its_own_variable(find: Find, tmp_path: Path):
    """With --engine podman CONTAINER_HOST counts, and DOCKER_HOST does not."""
    with answering_at(tmp_path / "p.sock", PODMAN), answering_at(tmp_path / "d.sock", DOCKER):
        hosts = {"CONTAINER_HOST": f"unix://{tmp_path}/p.sock", "DOCKER_HOST": f"unix://{tmp_path}/d.sock"}
        assert find("podman", **hosts).socket.name == "p.sock"
        assert find("docker", **hosts).socket.name == "d.sock"
        assert find(**hosts).socket.name == "d.sock"


def test_the_current_docker_context_names_the_engine(find: Find, tmp_path: Path):
    """It is read as the docker command keeps it; one that is not there is a mistake."""
    folder = tmp_path / "home" / ".docker"
    meta = folder / "contexts" / "meta" / hashlib.sha256(b"mine").hexdigest()
    meta.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"currentContext": "mine"}))
    document = {"Name": "mine", "Endpoints": {"docker": {"Host": f"unix://{tmp_path}/c.sock"}}}
    (meta / "meta.json").write_text(json.dumps(document))
    with answering_at(tmp_path / "c.sock", DOCKER):
        assert find().socket.name == "c.sock"
    with pytest.raises(UsageError, match=r"^The Docker context other is not in .*docker context use"):
        find(DOCKER_CONTEXT="other")


def test_a_users_own_socket_comes_before_roots(tmp_path: Path):
    """Rootless first: its containers are those that an ordinary user means."""
    tried = []

    def connect(path: Path, kind: object) -> EngineClient:
        tried.append(str(path.relative_to(tmp_path)))
        raise ConnectionRefusedError

    for name in ("podman/podman.sock", "docker.sock"):
        for folder in ("run/user/1000", "run"):
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).touch()
    with pytest.raises(UsageError):
        find_engine(None, {}, user=1000, root=tmp_path, connect=connect, programs=lambda _: None)
    assert tried == [
        "run/user/1000/podman/podman.sock",
        "run/user/1000/docker.sock",
        "run/podman/podman.sock",
        "run/docker.sock",
    ]


@pytest.mark.parametrize(
    "environment, message",
    [
        ({}, r"^Neither Podman nor Docker has a socket here: .*systemctl.* start podman\.socket"),
        (
            {"DOCKER_HOST": "tcp://10.0.0.1:2375"},
            r"^DOCKER_HOST names tcp://10\.0\.0\.1:2375, an engine .*network",
        ),
        (
            {"CONTAINER_HOST": "ssh://me@there/run/podman.sock"},
            r"^CONTAINER_HOST names ssh://.* over a network",
        ),
        ({"DOCKER_HOST": "/run/docker.sock"}, r"^DOCKER_HOST names /run/docker\.sock, which is no socket"),
        (
            {"DOCKER_HOST": "unix:///nowhere.sock"},
            r"^There is no socket /nowhere\.sock \(DOCKER_HOST\)\. Start",
        ),
    ],
)
def test_no_engine_is_one_sentence(find: Find, environment: Mapping[str, str], message: str):
    """What is wrong, and what to do."""
    with pytest.raises(UsageError, match=message) as caught:
        find(**environment)
    assert "\n" not in str(caught.value)


def test_a_socket_at_which_nobody_answers_says_how_to_start_the_engine(find: Find, tmp_path: Path):
    """A socket may outlive its engine."""
    path = tmp_path / "run" / "docker.sock"
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with pytest.raises(
        UsageError, match=r"^Nobody answers at .*/run/docker\.sock\. Start it: systemctl start docker"
    ):
        find()


def test_something_else_behind_a_socket_is_one_sentence(find: Find, tmp_path: Path):
    """The other kind of engine, and what is no engine at all."""
    with answering_at(tmp_path / "p.sock", PODMAN):
        with pytest.raises(UsageError, match=r"p\.sock Podman answers, not Docker\.$"):
            find("docker", DOCKER_HOST=f"unix://{tmp_path}/p.sock")
    with answering_at(tmp_path / "x.sock", ["not an engine"]):
        with pytest.raises(UsageError, match=r"^At .*x\.sock there is no container engine"):
            find(DOCKER_HOST=f"unix://{tmp_path}/x.sock")


def test_another_users_engine_is_refused(tmp_path: Path):
    """Whose it is, the kernel knows: the user of the process that listens."""
    owner = os.geteuid()
    environment = {"DOCKER_HOST": f"unix://{tmp_path}/a.sock", "HOME": str(tmp_path)}
    with answering_at(tmp_path / "a.sock", DOCKER):
        with pytest.raises(
            UsageError, match="only root may enter" if owner == 0 else f"that of user {owner}"
        ):
            find_engine(None, environment, user=owner + 1, root=tmp_path)


@pytest.mark.parametrize(
    "least, most, wanted",
    [("1.12", "1.41", (1, 41)), ("1.44", "1.52", (1, 44)), ("1.24", "1.40", (1, 40)), ("", "", (1, 41))],
)
def test_the_version_of_the_api_is_one_that_the_engine_has(least: str, most: str, wanted: tuple[int, int]):
    """1.41, which Podman 4 and Docker 20.10 have; more for Docker 29, less for an older one."""
    assert wanted_api({"MinAPIVersion": least, "ApiVersion": most}) == wanted
