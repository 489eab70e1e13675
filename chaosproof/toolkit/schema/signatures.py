"""What an experiment can call of this project: every function of its actions and probes, with its parameters."""

import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import Parameter
from typing import Any

__all__ = ["Activity", "activities", "names_of"]

_PACKAGES = {"chaosproof.actions": "action", "chaosproof.probes": "probe"}
_SHORT_FROM = "chaosproof."
# what Chaos Toolkit gives by itself
_GIVEN = frozenset({"configuration", "secrets"})


@dataclass(frozen=True)
class Activity:
    """A function: its module, its name, `action` or `probe`, what it says of itself, and what it can be given."""

    module: str
    func: str
    kind: str
    doc: str
    parameters: tuple[Parameter, ...]

    @property
    def key(self) -> str:
        """A name for it in the schema."""
        return f"{self.module.removeprefix(_SHORT_FROM)}.{self.func}"


def activities() -> tuple[Activity, ...]:
    """Every action and probe, in order of name. A module whose own packages are not installed here is left out."""
    return tuple(activity for package, kind in _PACKAGES.items() for activity in _of_package(package, kind))


def names_of(module: str) -> tuple[str, ...]:
    """The names by which an experiment may call the module: by the package, and by the folder of this repository."""
    return module, module.removeprefix(_SHORT_FROM)


def _of_package(package: str, kind: str) -> Iterator[Activity]:
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    for submodule in sorted(pkgutil.iter_modules(folders), key=lambda module: module.name):
        name = f"{package}.{submodule.name}"
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError:
            continue
        for func in sorted(getattr(module, "__all__", ())):
            function: Any = getattr(module, func)
            if not callable(function):
                continue
            parameters = inspect.signature(function).parameters.values()
            yield Activity(
                name,
                func,
                kind,
                inspect.getdoc(function) or "",
                tuple(parameter for parameter in parameters if parameter.name not in _GIVEN),
            )
