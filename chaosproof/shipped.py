"""The experiments that are installed with the package, for whoever has no checkout: found by their entry points."""

import importlib.resources
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import chaosproof

__all__ = ["FOLDER", "experiment_names", "here_or_shipped", "shipped_experiment"]

FOLDER = Path("experiments")
"""Where experiments lie: in the current folder, and in a package that brings some."""

_GROUP = "chaosproof.experiments"


def here_or_shipped(path: Path) -> Path:
    """`path` where it is there; else the installed file of a path such as `chaosproof/...`; else `path`."""
    installed = Path(chaosproof.__file__).parents[1] / path
    is_ours = path.parts[:1] == (chaosproof.__name__,)
    return installed if is_ours and not path.exists() and installed.exists() else path


def shipped_experiment(file_name: str) -> Path | None:
    """The file of this name in the experiments of an installed package; None where there is none."""
    return next((folder / file_name for folder in _folders() if (folder / file_name).is_file()), None)


def experiment_names(folder: Path = FOLDER) -> list[str]:
    """The names of the experiments in the current folder's `folder`; where it has none, of the installed ones."""
    for place in (folder, *_folders()):
        if names := sorted(file.stem for file in place.glob("*.json")):
            return names
    return []


def _folders() -> Iterator[Path]:
    """`experiments/` of each package that an entry point names."""
    for entry in entry_points(group=_GROUP):
        yield Path(str(importlib.resources.files(entry.value))) / FOLDER
