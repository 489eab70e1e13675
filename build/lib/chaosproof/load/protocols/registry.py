"""The load protocols there are: every module beside this file that has a `PROTOCOL`, and those of other packages."""

import importlib
import importlib.metadata
import pkgutil
from functools import cache
from urllib.parse import urlsplit

import chaosproof.load.protocols
from chaosproof.errors import UsageError
from chaosproof.load.plan import Plan
from chaosproof.load.protocols.base import Driver, LoadProtocol

__all__ = ["find_protocols", "make_driver", "protocol_of"]


@cache
def find_protocols() -> dict[str, LoadProtocol]:
    """All protocols by the schemes of their urls."""
    names = (module.name for module in pkgutil.iter_modules(chaosproof.load.protocols.__path__))
    modules = [importlib.import_module(f"chaosproof.load.protocols.{name}") for name in names]
    protocols: list[LoadProtocol] = [module.PROTOCOL for module in modules if hasattr(module, "PROTOCOL")]
    protocols += [
        other.load() for other in importlib.metadata.entry_points(group="chaosproof.load_protocols")
    ]
    return {scheme: protocol for protocol in protocols for scheme in protocol.schemes}


def protocol_of(scheme: str, url: str) -> LoadProtocol:
    """The protocol of a url's scheme; an unknown one is a `UsageError` that lists the known ones."""
    protocols = find_protocols()
    if scheme not in protocols:
        known = ", ".join(f"{name}://" for name in protocols)
        raise UsageError(f"url {url!r} has the unknown scheme {scheme}://; known are {known}")
    return protocols[scheme]


def make_driver(plan: Plan) -> Driver:
    """The driver of the plan's protocol; raises `UsageError` for what only it can see is wrong."""
    return protocol_of(urlsplit(plan.url).scheme, plan.url).make_driver(plan)
