"""The plotting library that is put into the page: uPlot (MIT), as a package from PyPI carries it, by its file names.

That package is made for another program; its Python is never imported. Where it is not installed, a report has no plots
and says so.
"""

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

__all__ = ["PACKAGE", "Library", "plot_library"]

PACKAGE = "metaflow-card-uplot"
_SCRIPT, _STYLE = "uPlot.iife.min.js", "uPlot.min.css"


@dataclass(frozen=True)
class Library:
    """The text of the library's script and of its style."""

    script: str
    style: str


def plot_library(package: str = PACKAGE) -> Library | None:
    """The library, or None where it is not installed or not whole."""
    try:
        files = {file.name: Path(str(file.locate())) for file in metadata.files(package) or ()}
        script, style = (files[name].read_text(encoding="utf-8") for name in (_SCRIPT, _STYLE))
    except (metadata.PackageNotFoundError, KeyError, OSError, UnicodeDecodeError):
        return None
    # what could end the element that it is put into
    return None if "</script" in script or "</style" in style else Library(script, style)
