"""Which Compose CLI is taken, how it is called, and one form of what Docker's and Podman's print."""

import json
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import pytest

from chaosproof.errors import TargetError, UsageError
from chaosproof.targets.base import CommandResult
from chaosproof.targets.containers.compose.choose_cli import Run, find_any_compose, find_compose
from chaosproof.targets.containers.compose.cli import ComposeCli, down, printed_config, read_config, up
from chaosproof.targets.containers.compose.forms import docker_form
from chaosproof.targets.containers.compose.project_files import compose_names, project_files
from chaosproof.targets.containers.compose.system import system_of_config

V2 = "Docker Compose version v2.26.1\n"
V1 = "docker-compose version 1.29.2, build unknown\ndocker-py version: 5.0.3\n"
DEBIAN_12 = "using podman version: 4.3.1\npodman-composer version  1.0.3\npodman --version\n"
PODMAN = "podman-compose version 1.5.0\npodman version 5.4.2\n"


@dataclass(frozen=True)
class AnEngine:
    kind: Literal["podman", "docker"]
    socket: Path = Path("/run/engine.sock")


def machine(**versions: str) -> Run:
    """A machine that has these commands, `_` for a space; each answers `version` so."""
    answers: Mapping[str, str] = {name.replace("_", " "): text for name, text in versions.items()}

    def run(argv: Sequence[str]) -> CommandResult:
        text = answers.get(" ".join(argv[:-1]).replace("-", " "))
        return CommandResult(tuple(argv), 127 if text is None else 0, text or "", "", 0.0)

    return run


@pytest.mark.parametrize(
    ("kind", "there", "argv", "name"),
    [
        ("docker", {"docker_compose": V2}, ("docker-compose",), "docker-compose 2.26.1"),
        ("podman", {"podman_compose": PODMAN}, ("podman-compose",), "podman-compose 1.5.0"),
        ("podman", {"docker_compose": V2, "podman_compose": PODMAN}, ("docker-compose",), "docker-compose 2.26.1"),
        ("podman", {"docker_compose": V1, "podman_compose": PODMAN}, ("podman-compose",), "podman-compose 1.5.0"),
    ],
)  # fmt: skip
def test_the_cli_that_works_with_the_engine_is_taken(
    kind: Literal["podman", "docker"], there: dict[str, str], argv: tuple[str, ...], name: str
) -> None:
    cli = find_compose(AnEngine(kind), machine(**there))
    assert (cli.argv, cli.name) == (argv, name)


def test_the_cli_is_made_to_talk_to_the_engine_that_is_watched() -> None:
    docker = find_compose(AnEngine("docker"), machine(docker_compose=V2))
    podman = find_compose(AnEngine("podman"), machine(podman_compose=PODMAN))
    assert docker.environment == {"DOCKER_HOST": "unix:///run/engine.sock"}
    assert podman.environment["CONTAINER_HOST"] == "unix:///run/engine.sock" and podman.is_podman


@pytest.mark.parametrize(
    ("kind", "there", "sentence"),
    [
        ("docker", {}, "none is here. Install Docker Compose 2 "),
        ("docker", {"podman_compose": PODMAN}, "none is here. Install Docker Compose 2 "),
        ("podman", {}, "or on Podman podman-compose 1.1 or newer: pip install podman-compose"),
        ("podman", {"podman_compose": DEBIAN_12}, "podman-compose 1.0.3 is too old. Install"),
        ("docker", {"docker_compose": V1}, "docker-compose 1.29.2 and docker compose 1.29.2 is too old"),
    ],
)
def test_where_there_is_none_a_sentence_says_what_to_install(
    kind: Literal["podman", "docker"], there: dict[str, str], sentence: str
) -> None:
    with pytest.raises(UsageError) as caught:
        find_compose(AnEngine(kind), machine(**there))
    assert sentence in str(caught.value)


def test_on_podman_its_own_variable_names_the_cli() -> None:
    both = machine(docker_compose=V2, podman_compose=PODMAN)
    variables = {"PODMAN_COMPOSE_PROVIDER": "podman-compose"}
    assert find_compose(AnEngine("podman"), both, variables).name == "podman-compose 1.5.0"
    assert find_any_compose(both, variables).name == "podman-compose 1.5.0"
    assert find_compose(AnEngine("docker"), both, variables).name == "docker-compose 2.26.1"


def test_to_read_files_any_will_do() -> None:
    assert find_any_compose(machine(podman_compose=PODMAN)).environment == {}


def stand_in(folder: Path, script: str, *, is_podman: bool = False) -> ComposeCli:
    """A program that stands in for the CLI; it writes down how it was called."""
    file = folder / "compose"
    file.write_text(f'#!/bin/sh\necho "$@" >> {folder}/calls\n{script}\n')
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return ComposeCli((str(file),), "compose 2", {"DOCKER_HOST": "unix:///x"}, is_podman)


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().splitlines()


def test_config_is_read_with_its_words_and_the_callers_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text stays text, and what names another project in the caller's environment does not reach the CLI."""
    monkeypatch.setenv("COMPOSE_FILE", "other.yaml")
    cli = stand_in(
        tmp_path,
        'printf "services: {web: {environment: {A: 0x10, B: \\"$LEVEL\\", C: \\"$COMPOSE_FILE$DOCKER_HOST\\"}}}"',
    )
    config = read_config(cli, ["/a.yaml", "/b.yaml"], "shop", {**os.environ, "LEVEL": "3"})
    environment = config["services"]["web"]["environment"]
    assert environment == {"A": "0x10", "B": "3", "C": "unix:///x"}
    assert calls(tmp_path) == ["--project-name shop --file /a.yaml --file /b.yaml config"]


def test_what_the_cli_refuses_is_answered_in_its_words(tmp_path: Path) -> None:
    cli = stand_in(tmp_path, 'echo "service web has neither an image nor a build context" >&2; exit 15')
    with pytest.raises(UsageError, match=r"compose 2 refuses /a.yaml: service web has neither an image"):
        read_config(cli, ["/a.yaml"])


def test_up_reports_every_line_and_fails_with_the_last(tmp_path: Path) -> None:
    lines: list[str] = []
    cli = stand_in(tmp_path, "echo Network created; echo Container started >&2")
    up(cli, ["/a.yaml"], "shop", lines.append)
    assert lines == ["Network created", "Container started"]
    assert calls(tmp_path) == ["--ansi never --project-name shop --file /a.yaml up --detach"]
    with pytest.raises(TargetError, match=r"compose 2 up ended with exit code 3: no such image"):
        up(stand_in(tmp_path, "echo no such image; exit 3"), ["/a.yaml"], "shop", lines.append)


def test_an_older_podman_compose_has_failed_where_podman_says_error(tmp_path: Path) -> None:
    """It ends with 0 all the same."""
    script = 'echo "Error: localhost/none: image not known"; echo good_a_1'
    cli = replace(stand_in(tmp_path, script, is_podman=True), name="podman-compose 1.3.0")
    with pytest.raises(
        TargetError, match=r"podman-compose 1.3.0 up: Error: localhost/none: image not known$"
    ):
        up(cli, ["/a.yaml"], "shop", print)
    up(replace(cli, name="podman-compose 1.6.0"), ["/a.yaml"], "shop", print)


def test_down_takes_volumes_and_own_images_with_it(tmp_path: Path) -> None:
    down(stand_in(tmp_path, ""), [], "shop")
    assert calls(tmp_path) == ["--project-name shop down --volumes --remove-orphans --rmi local"]


def test_an_older_podman_compose_goes_down_without_the_option_that_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the images that it built are removed by podman."""
    script = 'case "$*" in *--rmi*) echo "error: unrecognized arguments: --rmi local" >&2; exit 2;; '
    script += '*config) echo "services: {web: {build: .}, db: {image: x}, own: {build: ., image: y}}";; esac'
    (tmp_path / "podman").write_text(f'#!/bin/sh\necho "podman $@" >> {tmp_path}/calls\n')
    (tmp_path / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    down(stand_in(tmp_path, script, is_podman=True), ["/a.yaml"], "shop")
    assert calls(tmp_path)[1] == "--project-name shop --file /a.yaml down --volumes --remove-orphans"
    assert [call for call in calls(tmp_path) if call.startswith("podman ")] == ["podman rmi shop_web"]
    with pytest.raises(TargetError, match="could not take shop down: error: unrecognized arguments"):
        down(stand_in(tmp_path, script), ["/a.yaml"], "shop")


def test_podman_compose_is_read_in_the_form_of_docker_compose(tmp_path: Path) -> None:
    """It prints ports as text, variables as a list or the name of a file, and dollars single."""
    (tmp_path / "web.env").write_text("A=file\nB=file # no\n")
    config = {
        "services": {
            "web": {
                "command": "serve '$HOME now'",
                "env_file": ["web.env", {"path": "none.env", "required": False}],
                "environment": ["A=$5", "HOST"],
                "ports": ["127.0.0.1:8080:80", "53:53/udp", "3000-3001", 9000, {"target": 7}],
                "expose": [6000],
                "depends_on": ["db"],
                "healthcheck": {"test": "curl $HOST"},
            }
        }
    }
    web = docker_form(config, tmp_path, {"HOST": "here"})["services"]["web"]
    assert web["environment"] == {"A": "$$5", "B": "file", "HOST": "here"}
    assert web["command"] == ["serve", "$$HOME now"]
    assert [(port["target"], port["protocol"]) for port in web["ports"]] == [
        (80, "tcp"),
        (53, "udp"),
        (3000, "tcp"),
        (3001, "tcp"),
        (9000, "tcp"),
        (7, "tcp"),
    ]
    assert (web["expose"], web["healthcheck"]) == (["6000"], {"test": ["CMD-SHELL", "curl $$HOST"]})
    assert web["depends_on"] == {"db": {"condition": "service_started"}}
    with pytest.raises(UsageError, match=r"services.web.env_file: cannot read .*none.env"):
        docker_form({"services": {"web": {"env_file": "none.env"}}}, tmp_path, {})


REPLICATED = {"mode": "replicated", "replicas": 3}


@pytest.mark.parametrize(
    ("body", "before", "since"),
    [
        ({}, 1, 1),
        ({"deploy": {"replicas": 3}}, 3, 1),
        ({"deploy": REPLICATED}, 3, 3),
        ({"scale": 2}, 1, 2),
        ({"scale": 2, "deploy": REPLICATED}, 3, 2),
    ],
)
def test_podman_compose_counts_copies_by_other_words_since_its_release_1_4(
    body: dict[str, object], before: int, since: int, tmp_path: Path
) -> None:
    for name, copies in (("podman-compose 1.3.0", before), ("podman-compose 1.6.0", since)):
        printed = json.dumps({"services": {"web": body}})
        config = printed_config(ComposeCli((), name, is_podman=True), printed, tmp_path, {})
        assert system_of_config(config, "shop").services[0].replicas == copies, name


@pytest.mark.parametrize("value", ["a.yaml, b.yaml", ["a.yaml", "b.yaml"], ("a.yaml", "b.yaml", "")])
def test_the_variable_compose_is_a_list_or_text_with_commas(value: object) -> None:
    assert compose_names(value) == ("a.yaml", "b.yaml")


@pytest.mark.parametrize("value", ["", ",", [], [1], {"a": 1}, 7])
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="compose must be a Compose file, a list of them, or text"):
        compose_names(value)


def test_a_mode_and_a_scenario_are_files_beside_the_first(tmp_path: Path) -> None:
    """A mode has to be there, unless the experiment has only one; a scenario need not."""
    for name in ("compose.yaml", "more.yaml", "compose.baseline.yaml", "compose.peak.yaml"):
        (tmp_path / name).write_text("services: {}\n")
    names = [str(tmp_path / name) for name in ("compose.yaml", "more.yaml")]

    def files(mode: str, scenario: str | None, *, one_mode: bool = False) -> list[str]:
        return [Path(file).name for file in project_files(names, mode, scenario, one_mode=one_mode)]

    assert files("baseline", "peak-big") == [
        "compose.yaml",
        "more.yaml",
        "compose.baseline.yaml",
        "compose.peak.yaml",
    ]
    assert files("resilient", None, one_mode=True) == ["compose.yaml", "more.yaml"]
    with pytest.raises(UsageError, match=r"compose.resilient.yaml does not exist"):
        files("resilient", None)
    with pytest.raises(UsageError, match=r"There is no Compose file /none.yaml"):
        project_files(["/none.yaml"], None, None, one_mode=True)
