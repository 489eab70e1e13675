"""The upper layer: this project as it is now, at /opt/chaosproof, compiled for the Python below it."""

import compileall
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from chaosproof.errors import ChaosproofError
from chaosproof.images.base_layer import add_file, owned_by_root, packages_folder
from chaosproof.images.metadata import write_metadata

__all__ = ["FOLDER", "PARTS", "add_source"]

FOLDER = "/opt/chaosproof"
_FOLDERS = ("actions", "chaosproof", "charts", "controls", "experiments", "probes")
PARTS = (*_FOLDERS, "pyproject.toml", "requirements.txt")
_NOT_THESE = shutil.ignore_patterns("__pycache__", "*.pyc", ".DS_Store")
_COMMAND = b"#!/usr/bin/python3\nfrom chaosproof.cli.main import main\n\nmain()\n"


def add_source(tar: tarfile.TarFile, root: Path) -> None:
    """Append the parts of the checkout at `root` to a layer. `ChaosproofError` for a module that does not compile."""
    with tempfile.TemporaryDirectory(prefix="chaosproof-source-") as scratch:
        staging = Path(scratch) / "source"
        staging.mkdir()
        for part in PARTS:
            if (root / part).is_dir():
                shutil.copytree(root / part, staging / part, symlinks=True, ignore=_NOT_THESE)
            else:
                shutil.copy2(root / part, staging / part)
        write_metadata(root, staging)
        # The file systems of pods are read-only: what is not compiled now would be compiled at every start.
        if not compileall.compile_dir(staging, quiet=2, stripdir=str(staging), prependdir=FOLDER):
            raise ChaosproofError(
                f"A module in {root} does not compile; `python -m compileall {root}` says which."
            )
        tar.add(staging, arcname=f".{FOLDER}", filter=owned_by_root)
    add_file(tar, f"{packages_folder(sys.version_info[:2])}/chaosproof.pth", f"{FOLDER}\n".encode())
    add_file(tar, "./usr/local/bin/chaosproof", _COMMAND, 0o755)
