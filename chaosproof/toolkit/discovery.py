"""What `chaos discover --no-install chaosproof` finds: every action and every probe, with its arguments."""

import importlib.util
import pkgutil
from collections.abc import Callable

from chaoslib.discovery.discover import discover_actions, discover_probes, initialize_discovery_result
from chaoslib.types import DiscoveredActivities, Discovery

from chaosproof import __version__

__all__ = ["discover_activities"]

_FINDERS: dict[str, Callable[[str], DiscoveredActivities]] = {
    "chaosproof.actions": discover_actions,
    "chaosproof.probes": discover_probes,
}


def discover_activities() -> Discovery:
    """The activities of all modules in `chaosproof.actions` and `chaosproof.probes`."""
    discovery = initialize_discovery_result("chaosproof", __version__, "chaosproof")
    for package, discover_in in _FINDERS.items():
        for module in _modules(package):
            discovery["activities"].extend(discover_in(module))
    return discovery


def _modules(package: str) -> list[str]:
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    return [f"{package}.{module.name}" for module in pkgutil.iter_modules(folders)]
