"""The targets there are: every module or folder beside this file that has a `LAUNCHER`. There is no other list."""

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

import chaosproof.targets
from chaosproof.errors import UsageError
from chaosproof.targets.base import Launcher, Running

__all__ = [
    "DEFAULT_TARGET",
    "find_launchers",
    "launcher_of",
    "open_running",
    "target_names",
]

DEFAULT_TARGET = "local"


def find_launchers() -> dict[str, Launcher]:
    """All launchers by the names of their targets: the default first, the others in order of name."""
    names = (module.name for module in pkgutil.iter_modules(chaosproof.targets.__path__))
    modules = [importlib.import_module(f"chaosproof.targets.{name}") for name in names]
    launchers: list[Launcher] = [module.LAUNCHER for module in modules if hasattr(module, "LAUNCHER")]
    launchers.sort(key=lambda launcher: (launcher.name != DEFAULT_TARGET, launcher.name))
    return {launcher.name: launcher for launcher in launchers}


def target_names() -> tuple[str, ...]:
    """What an experiment may call its target."""
    return tuple(find_launchers())


def launcher_of(name: str) -> Launcher:
    """The launcher of the target `name`; an unknown one is a `UsageError` that lists the known ones."""
    launchers = find_launchers()
    if name not in launchers:
        raise UsageError(f"Unknown target {name!r}; known targets: {', '.join(launchers)}.")
    return launchers[name]


def open_running(variables: Mapping[str, Any]) -> Running:
    """The system that runs already on the target that `variables` name; see `Launcher.open`."""
    return launcher_of(str(variables.get("target", DEFAULT_TARGET))).open(variables)
