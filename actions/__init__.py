"""Verbs that an experiment can name; and what `chaos discover --no-install chaosproof` finds.

Chaos Toolkit asks the first top-level package of a distribution for `discover`, and that is this one.
"""

import importlib.util
import pkgutil

from chaoslib.discovery.discover import discover_actions, discover_probes, initialize_discovery_result
from chaoslib.types import Discovery

from chaosproof import __version__

__all__ = ["discover"]


def discover(discover_system: bool = True) -> Discovery:
    """All actions and probes of this project, with their arguments."""
    found = initialize_discovery_result("chaosproof", __version__, "chaosproof")
    for package, discover_in in (("actions", discover_actions), ("probes", discover_probes)):
        for module in _modules(package):
            found["activities"].extend(discover_in(module))
    return found


def _modules(package: str) -> list[str]:
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    return [f"{package}.{module.name}" for module in pkgutil.iter_modules(folders)]
