"""What tells Python that a checkout is installed, as `pip` would: its version, its commands, its load protocols.

    python -m chaosproof.images.metadata CHECKOUT FOLDER

`FOLDER` is on Python's path, as a folder of packages is, or the checkout itself where a `.pth` file names that.
"""

import sys
import tomllib
from pathlib import Path

__all__ = ["write_metadata"]


def write_metadata(root: Path, folder: Path) -> None:
    """Write the `.dist-info` of the checkout at `root`, from its pyproject.toml, into `folder`."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, version = project["name"], project["version"]
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")
    (info / "top_level.txt").write_text("chaosproof\n", "utf-8")
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    write_metadata(*map(Path, sys.argv[1:]))
