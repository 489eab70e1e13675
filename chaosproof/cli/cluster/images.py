"""`chaosproof images`: build, load, archive, rootfs.

chaosproof images archive -o images.tar
"""

import os
import shutil
import tarfile
import tempfile
from pathlib import Path

import click

from chaosproof.errors import UsageError
from chaosproof.images.archive import write_archive
from chaosproof.images.base_layer import base_layers, cache_folder
from chaosproof.images.container_engine import ENGINES, build_argv, choose_engine, load_argvs, run_command
from chaosproof.images.names import PROMETHEUS, image, images_of, source_root
from chaosproof.images.source_layer import add_source

__all__ = ["images"]

_ENGINE = click.option(
    "--engine", type=click.Choice(ENGINES), help="Chosen by what is on PATH when not given."
)
_OUT = click.option(
    "--output",
    "-o",
    "out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write.",
)
_PROMETHEUS_USER = "10001:10001"  # as the chart runs it
_KEYS = click.argument("keys", nargs=-1, metavar="[NAME ...]")


@click.group()
def images() -> None:
    """Make the images that the chart runs, and take them into a cluster.

    \b
    With Docker or Podman, into a kind cluster:
        chaosproof images build
        chaosproof images load --cluster-name kind
    Without an engine, on Debian (apt-get install mmdebstrap):
        chaosproof images archive -o images.tar
        kind load image-archive images.tar      (or: ctr -n k8s.io images import, docker load)
    """


@images.command()
@_KEYS
@_ENGINE
def build(keys: tuple[str, ...], engine: str | None) -> None:
    """Build the images (all, or those named) from docker/*.Dockerfile."""
    chosen = [image(key) for key in keys] or images_of(source_root())
    command = choose_engine(engine)
    for built in chosen:
        run_command(build_argv(command, built, source_root()))
        click.echo(f"Built {built.name}.")


@images.command()
@_KEYS
@_ENGINE
@click.option("--cluster-name", default="kind", show_default=True, help="The kind cluster's name.")
@click.option(
    "--archive", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Load this file instead."
)
def load(keys: tuple[str, ...], engine: str | None, cluster_name: str, archive: Path | None) -> None:
    """Take built images into a kind cluster, from an engine or from an archive."""
    if archive is not None:
        if keys or engine:
            raise UsageError(
                "An archive is loaded whole, and without an engine: leave the names and --engine out."
            )
        [argv] = load_argvs("", [], cluster_name=cluster_name, archive=archive)
        run_command(argv)
        return
    chosen = [image(key) for key in keys] or images_of(source_root())
    names = [image.name for image in chosen]
    command = choose_engine(engine)
    with tempfile.TemporaryDirectory(prefix="chaosproof-images-") as scratch:
        file = Path(scratch) / "images.tar" if command == "podman" else None
        for argv in load_argvs(command, names, cluster_name=cluster_name, archive=file):
            run_command(argv)
    click.echo(f"Loaded into {cluster_name}: {', '.join(names)}.")


@images.command()
@_OUT
def archive(out: Path) -> None:
    """Make all images without an engine, in one file that docker, podman, kind and ctr load.

    One file system serves all of them, and Prometheus; images.prometheus of the chart is then
    the name that is printed here.
    """
    images = images_of(source_root())
    names = {image.name: image.user for image in images} | {PROMETHEUS: _PROMETHEUS_USER}
    folder = _folder_of(out)
    base = _base()
    with tempfile.TemporaryDirectory(prefix="chaosproof-images-", dir=folder) as scratch:
        upper, unfinished = Path(scratch) / "source.tar", Path(scratch) / "images.tar"
        with tarfile.open(upper, "w") as tar:
            add_source(tar, source_root())
        write_archive(unfinished, [*base, upper], names, os.uname().machine)
        unfinished.replace(out)
    click.echo(f"{out}: {', '.join(names)}.")


@images.command()
@_OUT
def rootfs(out: Path) -> None:
    """Make the one file system that serves as every image, as a plain tar, for whatever takes such a thing."""
    folder = _folder_of(out)
    base = _base()
    with tempfile.TemporaryDirectory(prefix="chaosproof-images-", dir=folder) as scratch:
        unfinished = Path(scratch) / "rootfs.tar"
        shutil.copyfile(base[0], unfinished)
        with tarfile.open(unfinished, "a") as tar:
            with tarfile.open(base[1]) as packages:
                for entry in packages:
                    tar.addfile(entry, packages.extractfile(entry) if entry.isfile() else None)
            add_source(tar, source_root())
        unfinished.replace(out)
    click.echo(f"{out}: {out.stat().st_size / 1e6:.0f} MB.")


def _base() -> tuple[Path, Path]:
    return base_layers(
        source_root() / "requirements.txt",
        cache_folder(),
        lambda line: click.echo(f"images: {line}", err=True),
    )


def _folder_of(out: Path) -> Path:
    folder = out.absolute().parent
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder} to write {out.name} into.")
    return folder
