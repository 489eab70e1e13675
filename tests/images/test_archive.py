"""Images that are made without a container engine: their layers, and the file that they are carried in."""

import hashlib
import importlib.metadata
import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from chaosproof import __version__
from chaosproof.cli.main import main
from chaosproof.errors import UsageError
from chaosproof.images import base_layer as base
from chaosproof.images.archive import image_config, write_archive
from chaosproof.images.base_layer import base_layers, cache_folder, owned_by_root, packages_folder
from chaosproof.images.metadata import write_metadata
from chaosproof.images.names import source_root
from chaosproof.images.source_layer import FOLDER, add_source

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def layers(tmp_path: Path) -> list[Path]:
    """Two small layers."""
    made = []
    for name in ("lower", "upper"):
        made.append(tmp_path / f"{name}.tar")
        with tarfile.open(made[-1], "w") as tar:
            entry = tarfile.TarInfo(f"./{name}")
            entry.size = len(name)
            tar.addfile(entry, io.BytesIO(name.encode()))
    return made


def read(archive: Path) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    with tarfile.open(archive) as tar:
        files = {one.name: content.read() for one in tar if (content := tar.extractfile(one))}
    return json.loads(files["manifest.json"]), files


def test_every_image_of_an_archive_has_the_same_layers_under_their_digests(
    layers: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "images.tar"
    write_archive(out, layers, {"demo:1": "10001:10001", "chaos:1": "0:0"}, "x86_64")
    manifest, files = read(out)
    assert [one["RepoTags"] for one in manifest] == [["demo:1"], ["chaos:1"]]
    for one, user in zip(manifest, ("10001:10001", "0:0"), strict=True):
        config = json.loads(files[one["Config"]])
        assert config["config"]["User"] == user
        digests = [f"sha256:{hashlib.sha256(files[layer]).hexdigest()}" for layer in one["Layers"]]
        assert config["rootfs"]["diff_ids"] == digests
        assert [files[layer] for layer in one["Layers"]] == [layer.read_bytes() for layer in layers]


def test_an_archive_is_the_same_bytes_from_the_same_layers(layers: list[Path], tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        write_archive(tmp_path / name, layers, {"demo:1": "0:0"}, "x86_64")
        made.append(read(tmp_path / name)[1])
    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("machine", "known_as"), [("x86_64", "amd64"), ("aarch64", "arm64"), ("riscv64", "riscv64")]
)
def test_an_image_says_its_architecture_in_the_words_of_images(machine: str, known_as: str) -> None:
    assert image_config([], "0:0", machine)["architecture"] == known_as


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tarfile.TarInfo]:
    """The layer of this checkout: its entries by name."""
    out = tmp_path_factory.mktemp("source") / "source.tar"
    with tarfile.open(out, "w") as tar:
        add_source(tar, source_root())
    with tarfile.open(out) as tar:
        return {one.name: one for one in tar}


def test_the_project_is_in_its_layer_compiled_and_readable_by_all(source: dict[str, tarfile.TarInfo]) -> None:
    for path in (
        "chaosproof/demo/grpc/system.yaml",
        "experiments/s4.json",
        "charts/chaosproof-demo/values-s4.yaml",
        "chaosproof/load/generator.py",
        "chaosproof-0.2.0.dist-info/entry_points.txt",
        f"chaosproof/load/__pycache__/generator.cpython-{PYTHON.replace('.', '')}.pyc",
    ):
        entry = source[f".{FOLDER}/{path}"]
        assert entry.mode & 0o444 == 0o444
    assert {(entry.uid, entry.gid) for entry in source.values()} == {(0, 0)}


def test_no_path_is_twice_in_the_layer_of_this_project(tmp_path: Path) -> None:
    """Podman and Docker refuse a layer that has one."""
    with tarfile.open(tmp_path / "source.tar", "w") as tar:
        add_source(tar, source_root())
    with tarfile.open(tmp_path / "source.tar") as tar:
        names = [entry.name.rstrip("/") for entry in tar]
    assert len(names) == len(set(names))


def test_links_stay_links_in_the_layer(source: dict[str, tarfile.TarInfo]) -> None:
    assert source[f".{FOLDER}/charts/chaosproof-demo/files/grpc.yaml"].issym()


def test_the_layer_makes_the_project_known_to_debians_python(source: dict[str, tarfile.TarInfo]) -> None:
    assert f"{packages_folder(sys.version_info[:2])}/chaosproof.pth" in source
    assert source["./usr/local/bin/chaosproof"].mode & 0o111 == 0o111


def test_pythons_in_the_layer_find_the_load_protocols_and_commands_of_the_checkout(tmp_path: Path) -> None:
    """Both stand in pyproject.toml, and are found as if pip had installed the project from it."""
    write_metadata(source_root(), tmp_path)
    (distribution,) = importlib.metadata.distributions(path=[str(tmp_path)])
    assert (distribution.name, distribution.version) == ("chaosproof", __version__)
    assert {(entry.group, entry.name) for entry in distribution.entry_points} == {
        ("chaosproof.commands", "bench"),
        ("chaosproof.experiments", "demo"),
        ("chaosproof.load_protocols", "ipc"),
        ("pytest11", "chaosproof"),
    }
    assert all(entry.load() for entry in distribution.entry_points)


def test_nothing_of_the_working_copy_but_the_project_is_in_the_layer(
    source: dict[str, tarfile.TarInfo],
) -> None:
    names = " ".join(source)
    assert "journals" not in names
    assert ".git" not in names
    assert f"{FOLDER}/tests/" not in names


def test_what_its_owner_may_read_and_run_all_may() -> None:
    entry = tarfile.TarInfo("program")
    entry.mode, entry.uid = 0o700, 1000
    assert (owned_by_root(entry).mode, entry.uid, entry.uname) == (0o755, 0, "root")


def test_a_layer_that_is_in_the_cache_is_not_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[Path] = []
    monkeypatch.setattr(base, "_SUITES", {sys.version_info[:2]: "trixie"})
    monkeypatch.setattr(base, "_debian", lambda suite, layer: built.append(layer) or layer.write_bytes(b""))
    monkeypatch.setattr(base, "_install", lambda pinned, scratch, layer, version: layer.write_bytes(b""))
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    said: list[str] = []
    requirements = tmp_path / "requirements.txt"
    for pinned in ("click==8.3.3\n-e .\n", "click==8.3.3\n# a remark\n-e .\n", "click==8.3.4\n-e .\n"):
        requirements.write_text(pinned)
        assert all(layer.is_file() for layer in base_layers(requirements, tmp_path / "cache", said.append))
    assert len(built) == 2
    assert len(said) == 4
    assert sorted(path.suffix for path in (tmp_path / "cache").iterdir()) == [".tar"] * 4


def test_a_python_that_debian_does_not_have_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "_SUITES", {(3, 9): "bullseye"})
    with pytest.raises(UsageError, match=rf"Debian has Python 3\.9 \(bullseye\), and this one is {PYTHON}"):
        base_layers(tmp_path / "requirements.txt", tmp_path, lambda _: None)


def test_without_mmdebstrap_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_SUITES", {sys.version_info[:2]: "trixie"})
    monkeypatch.setattr("shutil.which", lambda _: None)
    (tmp_path / "requirements.txt").write_text("-e .\n")
    with pytest.raises(UsageError, match="apt-get install --no-install-recommends mmdebstrap"):
        base_layers(tmp_path / "requirements.txt", tmp_path, lambda _: None)


def test_layers_are_kept_where_caches_are() -> None:
    assert cache_folder({"XDG_CACHE_HOME": "/c"}) == Path("/c/chaosproof/images")
    assert cache_folder({}) == Path.home() / ".cache" / "chaosproof" / "images"


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["build", "router"], "Unknown image 'router'"),
        (["load", "--archive", "no-such.tar"], "'no-such.tar' does not exist"),
        (["load", "demo", "--archive", __file__], "An archive is loaded whole"),
        (["archive", "-o", "/no/such/folder/images.tar"], "There is no folder /no/such/folder"),
        (["rootfs"], "Missing option '--output'"),
    ],
)
def test_a_wrong_call_is_answered_with_one_sentence(
    argv: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["images", *argv])
    assert ended.value.code == 64
    assert sentence in capsys.readouterr().err
