"""A project that a Compose CLI brings up on a real engine: with the overlay of its mode, and nothing is left of it."""

import http.client
import json
import secrets
import shutil
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from docker.api import APIClient

from chaosproof.errors import TargetError
from chaosproof.targets.containers.compose.choose_cli import find_compose
from chaosproof.targets.containers.compose.cli import ComposeCli, down, read_config, up
from chaosproof.targets.containers.compose.overlay import overlay_of
from chaosproof.targets.containers.engine.client import EngineClient
from chaosproof.targets.host_command import command_path, run_to_end
from chaosproof.targets.system.definition import Service, System
from tests.containers.images import IMAGE
from tests.support.waiting import eventually

pytestmark = [pytest.mark.containers, pytest.mark.timeout(300)]

COMPOSE = f"""\
x-image: &image {{image: {IMAGE}, pull_policy: never, stop_grace_period: 1s}}
services:
  migrate:
    <<: *image
    command: ["true"]
  web:
    <<: *image
    command: [sh, -c, 'echo "$$COLOUR $$KEPT"; trap exit TERM; while :; do sleep 0.1; done']
    environment: {{COLOUR: green, KEPT: "1"}}
    volumes: ["data:/data"]
    depends_on:
      migrate: {{condition: service_completed_successfully}}
volumes:
  data:
"""
SYSTEM = System(
    "shop",
    (Service("web", (), replicas=2), Service("migrate", (), one_shot=True)),
    file="system.yaml",
    values={"services": {"web": {"environment": {"COLOUR": "$red"}}}},
)


def clis_for(client: EngineClient) -> list[ComposeCli]:
    """Each that is here for this engine, alone on its machine."""
    there = [name for name in ("docker-compose", "podman-compose") if shutil.which(name, path=command_path())]
    usable = []
    for name in there:
        if client.kind == "docker" and name == "podman-compose":
            continue

        def run(argv: Sequence[str], name: str = name):  # type: ignore[no-untyped-def]
            return run_to_end(argv if argv[0] == name else ["false"])

        usable.append(find_compose(client, run, {}))
    return usable


def left(client: EngineClient, project: str) -> Mapping[str, list[str]]:
    """What the engine has of the project: by its label, images by their name; and all of Podman's pods."""
    label = {"label": f"com.docker.compose.project={project}"}
    api = APIClient(f"unix://{client.socket}", version="1.41", timeout=20)
    try:
        return {
            "networks": [each["Name"] for each in api.networks(filters=label)],
            "volumes": [each["Name"] for each in api.volumes(filters=label)["Volumes"] or []],
            "containers": [each["Names"][0] for each in api.containers(all=True, filters=label)],
            "images": [tag for each in api.images() for tag in each["RepoTags"] or [] if project in tag],
            "pods": pods(client.socket) if client.kind == "podman" else [],
        }
    finally:
        api.close()


def logged(client: EngineClient, container: str, text: str) -> bool:
    return eventually(lambda: client.logs(container).strip() == text)


def pods(engine: Path) -> list[str]:
    connection = http.client.HTTPConnection("engine", timeout=20)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(engine))
    connection.request("GET", "/v4.0.0/libpod/pods/json")
    names = [each["Name"] for each in json.loads(connection.getresponse().read()) or []]
    connection.close()
    return names


def test_a_project_is_brought_up_with_its_overlay_and_nothing_is_left_of_it(
    client: EngineClient, tmp_path: Path
) -> None:
    """By every CLI of this machine: two copies of which one is Compose's, and a variable with a dollar in it."""
    compose, overlay = tmp_path / "compose.yaml", tmp_path / "elsewhere/overlay.json"
    compose.write_text(COMPOSE)
    overlay.parent.mkdir()
    clis = clis_for(client)
    assert clis, "this machine has no Compose CLI"
    for cli in clis:
        project, lines = f"chaosproof-{secrets.token_hex(3)}", list[str]()
        overlay.write_text(json.dumps(overlay_of(SYSTEM, read_config(cli, [str(compose)]))))
        files = [str(compose), str(overlay)]
        try:
            up(cli, files, project, lines.append)
            containers = [each for each in client.containers(project) if each.service == "web"]
            assert [(each.number, each.running) for each in containers] == [(1, True), (2, True)], cli.name
            assert {each.environment["COLOUR"] for each in containers} == {"$red"}, cli.name
            assert logged(client, containers[0].id, "$red 1"), cli.name
            assert len(left(client, project)["volumes"]) == 1, cli.name
            assert lines, cli.name
        finally:
            down(cli, files, project)
        assert not any(left(client, project).values()), (cli.name, left(client, project))
        down(cli, files, project)


def test_an_image_that_is_not_there_is_answered_in_the_words_of_the_cli(
    client: EngineClient, tmp_path: Path
) -> None:
    compose = tmp_path / "compose.yaml"
    compose.write_text("services: {web: {image: localhost/no-such-image, pull_policy: never}}\n")
    for cli in clis_for(client):
        project = f"chaosproof-{secrets.token_hex(3)}"
        try:
            with pytest.raises(TargetError, match=r"no-such-image"):
                up(cli, [str(compose)], project, lambda line: None)
        finally:
            down(cli, [str(compose)], project)
        assert not any(left(client, project).values()), (cli.name, left(client, project))


def test_an_image_that_is_built_for_the_project_goes_with_it(client: EngineClient, tmp_path: Path) -> None:
    """A run's project has a name of its own, and so has each of its images: they would be left after every run."""
    busybox = shutil.which("busybox", path=command_path())
    assert busybox is not None, "busybox is installed with the engines"
    shutil.copy(busybox, tmp_path / "busybox")
    (tmp_path / "Dockerfile").write_text(
        'FROM scratch\nCOPY busybox /bin/busybox\nENV BUILT=1\nCMD ["/bin/busybox", "sleep", "1000"]\n'
    )
    compose = tmp_path / "compose.yaml"
    compose.write_text("services: {web: {build: ., stop_grace_period: 1s}}\n")
    for cli in clis_for(client):
        project = f"chaosproof-{secrets.token_hex(3)}"
        try:
            up(cli, [str(compose)], project, print)
            (web,) = client.containers(project)
            assert web.environment["BUILT"] == "1", cli.name
            assert len(left(client, project)["images"]) == 1, cli.name
        finally:
            down(cli, [str(compose)], project)
        assert not any(left(client, project).values()), (cli.name, left(client, project))
