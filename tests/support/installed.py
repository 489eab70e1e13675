"""Entry points of this checkout, for an environment that was installed from another one, or from an older state of it.

Worktrees share an environment: without this a test would ask for the commands and load protocols of whatever was
installed last, and `./run setup` in one worktree would change what the tests of another find.
"""

import atexit
import importlib.metadata
import os
import shutil
import sys
import tempfile
from pathlib import Path

from chaosproof.images.metadata import write_metadata

__all__ = ["use_entry_points_of"]


def use_entry_points_of(root: Path) -> None:
    """Let this process and those that it starts find what pyproject.toml of `root` declares; nothing if they do."""
    folder = Path(tempfile.mkdtemp(prefix="chaosproof-entry-points-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    write_metadata(root, folder)
    (declared,) = importlib.metadata.distributions(path=[str(folder)])
    installed = importlib.metadata.distribution(declared.name)
    top_level = "top_level.txt"
    if installed.read_text(top_level) == declared.read_text(top_level) and set(declared.entry_points) <= set(
        installed.entry_points
    ):
        return
    folder.chmod(0o755)
    sys.path.insert(0, str(folder))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
