"""The files of this work tree: what git knows of it, or would add."""

import subprocess
from pathlib import Path

__all__ = ["files_of"]


def files_of(tree: Path) -> list[Path]:
    """Their paths within the tree, in order; those that were deleted and are still known are left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted({Path(name) for name in listed.stdout.split("\0") if name and (tree / name).is_file()})
