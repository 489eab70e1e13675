"""What is called to build and load images. There is no container engine in the tests: the calls are held as data."""

from pathlib import Path

import pytest

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.images.container_engine import build_argv, choose_engine, load_argvs, run_command
from chaosproof.images.names import image, source_root

ROOT = Path("/src")


def test_the_engine_is_the_first_that_is_there() -> None:
    assert choose_engine(None, which=lambda name: f"/usr/bin/{name}") == "docker"
    assert choose_engine(None, which={"podman": "/usr/bin/podman"}.get) == "podman"


def test_without_an_engine_the_way_that_needs_none_is_named() -> None:
    with pytest.raises(UsageError, match=r"neither docker nor podman on PATH.*images archive"):
        choose_engine(None, which=lambda _: None)
    with pytest.raises(UsageError, match="no podman on PATH"):
        choose_engine("podman", which=lambda _: None)


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_an_image_is_built_from_its_own_file_with_the_checkout_as_its_context(engine: str) -> None:
    argv = build_argv(engine, image("chaos"), ROOT)
    assert argv == [
        *[engine, "build", "--file", "/src/docker/chaos.Dockerfile"],
        *["--tag", "chaosproof/chaos:0.2.0", "/src"],
    ]


def test_kind_takes_images_from_docker_itself() -> None:
    assert load_argvs("docker", ["a:1", "b:1"], cluster_name="mine") == [
        ["kind", "load", "docker-image", "a:1", "b:1", "--name", "mine"]
    ]


def test_kind_takes_images_from_podman_by_a_file() -> None:
    save, load = load_argvs("podman", ["a:1"], cluster_name="kind", archive=Path("/tmp/x.tar"))
    assert save[:2] == ["podman", "save"]
    assert save[-3:] == ["--output", "/tmp/x.tar", "a:1"]
    assert "docker-archive" in save
    assert load == ["kind", "load", "image-archive", "/tmp/x.tar", "--name", "kind"]


def test_an_archive_that_is_there_is_loaded_without_an_engine() -> None:
    assert load_argvs("", [], cluster_name="kind", archive=Path("x.tar")) == [
        ["kind", "load", "image-archive", "x.tar", "--name", "kind"]
    ]


def test_a_command_that_fails_is_named_with_its_exit_code_and_its_words() -> None:
    with pytest.raises(ChaosproofError, match=r"`sh -c .*` ended with exit code 7: no room"):
        run_command(["sh", "-c", "echo no room >&2; exit 7"], quiet=True)
    with pytest.raises(ChaosproofError, match="no no-such-engine on PATH"):
        run_command(["no-such-engine"])


def test_an_unknown_image_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="'router'; known images: chaos, demo, load"):
        image("router")


@pytest.mark.parametrize("key", ["demo", "chaos"])
def test_a_dockerfile_has_several_stages_fixed_versions_and_says_who_runs(key: str) -> None:
    lines = (source_root() / image(key).dockerfile).read_text(encoding="utf-8").splitlines()
    stages = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert len(stages) > 1
    for base in set(stages) - {"scratch"}:
        tag = base.rpartition(":")[2]
        assert tag.count(".") >= 1 and "latest" not in tag, base
    assert f"USER {image(key).user}" in lines


def test_the_image_of_a_load_is_that_of_the_demo() -> None:
    lines = (source_root() / image("load").dockerfile).read_text(encoding="utf-8").splitlines()
    assert f"FROM {image('demo').name}" in lines
