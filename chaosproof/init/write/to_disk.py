"""Files put on the disk, all of them or none: one that is there is not written over unless that is wanted."""

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from chaosproof.errors import UsageError, readable_os_errors

__all__ = ["refuse_to_overwrite", "write_files"]


def refuse_to_overwrite(names: Iterable[PurePosixPath], folder: Path) -> None:
    """Raise `UsageError` with the files that are there already."""
    there = [str(name) for name in names if (folder / name).exists()]
    if there:
        raise UsageError(
            f"There already, so nothing was written: {', '.join(there)}. Write over what is there with --force, or "
            "choose another --folder."
        )


def write_files(files: Mapping[PurePosixPath, str], folder: Path, *, force: bool) -> None:
    """Write `files`, whose names are relative to `folder`. Where one is there: `UsageError`, and nothing is written."""
    if not force:
        refuse_to_overwrite(files, folder)
    for name, text in files.items():
        path = folder / name
        with readable_os_errors(f"cannot write {path}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
