"""Docker or Podman, and kind: what is called to build the images and to take them into a cluster.

chaosproof images build && chaosproof images load --cluster-name kind
"""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.images.names import Image

__all__ = ["ENGINES", "build_argv", "choose_engine", "load_argvs", "run_command"]

ENGINES = ("docker", "podman")


def choose_engine(wanted: str | None, which: Callable[[str], str | None] = shutil.which) -> str:
    """The container engine to call: the wanted one, else the first on PATH; `UsageError` without any."""
    for engine in [wanted] if wanted else ENGINES:
        if which(engine) is not None:
            return engine
    missing = wanted or " nor ".join(ENGINES)
    raise UsageError(
        f"There is {'no' if wanted else 'neither'} {missing} on PATH. Without an engine: "
        "`chaosproof images archive -o images.tar` makes the same images from Debian packages."
    )


def build_argv(engine: str, image: Image, root: Path) -> list[str]:
    """What builds `image` from the checkout at `root`."""
    return [engine, "build", "--file", str(root / image.dockerfile), "--tag", image.name, str(root)]


def load_argvs(
    engine: str, names: Sequence[str], *, cluster_name: str, archive: Path | None = None
) -> list[list[str]]:
    """What takes the images of these names into a kind cluster, in order.

    kind reads Docker's images itself; from Podman, and from an archive that is there already, it takes a file.
    """
    cluster = ["--name", cluster_name]
    if archive is None:
        return [["kind", "load", "docker-image", *names, *cluster]]
    load = ["kind", "load", "image-archive", str(archive), *cluster]
    if engine == "podman":
        save = [engine, "save", "--format", "docker-archive", "--multi-image-archive"]
        return [[*save, "--output", str(archive), *names], load]
    return [load]


def run_command(argv: Sequence[str], *, quiet: bool = False) -> None:
    """Run it to its end, its words passing through unless `quiet`; `ChaosproofError` when it fails."""
    try:
        done = subprocess.run(argv, check=False, text=True, stderr=subprocess.PIPE if quiet else None)
    except FileNotFoundError:
        raise ChaosproofError(f"There is no {argv[0]} on PATH; install it first.") from None
    if done.returncode != 0:
        printed = (done.stderr or "").strip()[-600:]
        explanation = f": {printed}" if printed else " (see above)."
        raise ChaosproofError(
            f"`{' '.join(argv[:4])} ...` ended with exit code {done.returncode}{explanation}"
        )
