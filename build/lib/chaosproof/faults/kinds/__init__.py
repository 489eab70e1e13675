"""The fault kinds, found by themselves: every file below that has a `KIND` (see `base.py`)."""

import pkgutil
from collections.abc import Mapping
from importlib import import_module

from chaosproof.faults.kinds.base import FaultKind, NetworkKind, Parameter, ProcessKind

__all__ = ["KINDS", "PARAMETERS", "PROCESS_KINDS"]


def _declared() -> list[FaultKind]:
    modules = pkgutil.walk_packages(__path__, f"{__name__}.")
    kinds = [getattr(import_module(module.name), "KIND", None) for module in modules]
    return [kind for kind in kinds if isinstance(kind, FaultKind)]


_DECLARED = _declared()

KINDS: Mapping[str, NetworkKind] = {kind.name: kind for kind in _DECLARED if isinstance(kind, NetworkKind)}
PROCESS_KINDS: Mapping[str, ProcessKind] = {
    kind.name: kind for kind in _DECLARED if isinstance(kind, ProcessKind)
}
# every magnitude that a fault of some kind has, by name
PARAMETERS: Mapping[str, Parameter] = {
    parameter.name: parameter for kind in KINDS.values() for parameter in kind.parameters
}
