"""The file system that serves as every image, entered: does all that pods are told to run start in it?

The first time it takes about a minute (Debian, pip), then 20 s from the cache. It needs mmdebstrap.
"""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaosproof.images.source_layer import FOLDER

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(shutil.which("mmdebstrap") is None, reason="needs mmdebstrap"),
]

PROGRAMS = {
    "python": "--version",
    "nft": "--version",
    "iptables": "--version",
    "tc": "-V",
    "ip": "-V",
    "ss": "-V",
    "stress-ng": "--version",
    "prometheus": "--version",
    "nats-server": "--version",
    "chaos": "--version",
    "chaosproof": "--version",
}
MODULES = (
    "chaosproof.demo.grpc.app_a",
    "chaosproof.demo.grpc.app_b",
    "chaosproof.demo.router.gateway",
    "chaosproof.demo.router.router",
    "chaosproof.demo.router.client",
    "chaosproof.load.generator",
    "chaosproof.actions.network",
    "chaosproof.controls.session",
    "kubernetes.client",
    "chaosprometheus.probes",
)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("rootfs")
    archive = folder / "rootfs.tar"
    subprocess.run(
        [sys.executable, "-m", "chaosproof.cli.main", "images", "rootfs", "-o", str(archive)], check=True
    )
    (folder / "room").mkdir()
    subprocess.run(["tar", "-x", "-f", str(archive), "-C", str(folder / "room")], check=True)
    archive.unlink()
    yield folder / "room"
    # Half a gigabyte, of which pytest would keep three.
    shutil.rmtree(folder)


def test_no_layer_of_an_archive_has_a_path_twice(tmp_path: Path) -> None:
    """Podman and Docker refuse such a layer."""
    out = tmp_path / "images.tar"
    argv = [sys.executable, "-m", "chaosproof.cli.main", "images", "archive", "-o", str(out)]
    subprocess.run(argv, check=True)
    with tarfile.open(out) as archive:
        layers = [entry for entry in archive if entry.name.endswith("/layer.tar")]
        assert len(layers) == 3
        for layer in layers:
            with tarfile.open(fileobj=archive.extractfile(layer)) as tar:
                names = [entry.name.rstrip("/") for entry in tar]
            assert len(names) == len(set(names))
    out.unlink()


def inside(room: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run it with `room` as its root, as an ordinary user may."""
    apart = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
    return subprocess.run(
        [*apart, "chroot", str(room), *argv],
        env={"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_that_a_pod_is_told_to_run_starts(program: str, room: Path) -> None:
    done = inside(room, program, PROGRAMS[program])
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", MODULES)
def test_every_module_finds_what_it_needs(module: str, room: Path) -> None:
    done = inside(
        room, "python", "-P", "-c", f"import {module}, sys; print(sys.modules['{module}'].__cached__)"
    )
    assert done.returncode == 0, done.stderr
    # Compiled by the same Python, or a pod with a read-only file system would compile it at every start.
    assert (room / done.stdout.strip().lstrip("/")).is_file()


def test_the_experiments_are_where_the_cron_job_looks(room: Path) -> None:
    assert (room / FOLDER.lstrip("/") / "experiments" / "s4.json").is_file()
    assert (room / FOLDER.lstrip("/") / "charts/chaosproof-demo/files/grpc.yaml").resolve().is_file()
