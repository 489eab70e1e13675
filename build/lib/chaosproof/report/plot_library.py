"""The plotting library that is put into the page: uPlot 1.6.31 (MIT), as the package youplot carries it.

The Python of that package is never imported. Its two files are used only when they are, to the byte, those that uPlot's
author publishes: the hashes are of dist/uPlot.iife.min.js and dist/uPlot.min.css of uplot 1.6.31 on npm.
"""

import hashlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from markupsafe import Markup

from chaosproof.errors import ChaosproofError

__all__ = ["PACKAGE", "Library", "plot_library"]

PACKAGE = "youplot"
_SHA256 = {
    "uplot.iife.min.js": "2d27e8ad3d228164525ce213f9dc716f39b4e3aee0cc773fb3491c96cf4921a2",
    "uplot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}


@dataclass(frozen=True)
class Library:
    """The text of the library's script and of its style."""

    script: Markup
    style: Markup


def plot_library(package: str = PACKAGE) -> Library:
    """The library. Raises ChaosproofError when `package` is not installed, or does not hold those two files."""
    try:
        files = {file.name: Path(str(file.locate())) for file in metadata.files(package) or ()}
        contents = [files[name].read_bytes() for name in _SHA256]
    except (metadata.PackageNotFoundError, KeyError, OSError) as error:
        raise ChaosproofError(
            f"a report draws its plots with uPlot, which the package {package} carries, and it is not there: "
            "install it with `./run setup`, or pip install -r requirements.txt"
        ) from error
    if [hashlib.sha256(content).hexdigest() for content in contents] != list(_SHA256.values()):
        raise ChaosproofError(
            f"the package {package} does not hold uPlot as its author publishes it, so it is not put into a report: "
            "install the version that requirements.txt pins"
        )
    return Library(*(Markup(content.decode()) for content in contents))
