"""Which package brings a command, by the package manager of the system that lacks it.

The names stand in `host_packages.json`, a command a line: `./run` reads the same file from a shell.
"""

import json
import shutil
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

__all__ = ["INSTALL", "NAMES", "how_to_install", "manager_of_host", "package_names"]

NAMES = "host_packages.json"
# Package manager -> the words before the packages; where a system has more than one, the first counts.
INSTALL = {
    "apt-get": "apt-get install",
    "dnf": "dnf install",
    "pacman": "pacman -S --needed",
}


@cache
def package_names() -> Mapping[str, Mapping[str, str]]:
    """Command -> package manager -> package. `a|b` is the first of them that the system has."""
    names: dict[str, dict[str, str]] = json.loads(
        files("chaosproof.targets").joinpath(NAMES).read_text(encoding="utf-8")
    )
    return names


def manager_of_host(path: str | None = None) -> str:
    """The package manager of this machine, looked for on `path`; empty where it has none that is known here."""
    return next((manager for manager in INSTALL if shutil.which(manager, path=path)), "")


def how_to_install(command: str, manager: str) -> str:
    """What to do about a missing command, as the end of a sentence without its full stop."""
    names = package_names().get(command)
    if names is None:
        return f"install the package that has {command}"
    if manager not in INSTALL:
        return f"install the package that has it, which Debian calls {names['apt-get']}"
    package = names[manager].replace("|", " (or ", 1)
    return f"install it with: {INSTALL[manager]} {package}{')' if package != names[manager] else ''}"
