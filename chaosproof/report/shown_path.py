"""A path as a person reads it on a terminal or in CI."""

from pathlib import Path

__all__ = ["shown_path"]


def shown_path(path: Path) -> Path:
    """The path from the current folder, where it is below that; else as it stands."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
