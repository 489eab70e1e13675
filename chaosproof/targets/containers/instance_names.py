"""What containers are called: instances as in a lab, and the one that a person means by a name. Pure."""

from collections.abc import Iterable

from chaosproof.errors import UsageError
from chaosproof.targets.containers.engine.records import Container

__all__ = ["choose", "instance_name"]


def instance_name(container: Container) -> str:
    """The copy of a service as a lab calls it, `shop-0` for Compose's number 1; else the container's own name."""
    if not container.service or not container.number:
        return container.name
    return f"{container.service}-{container.number - 1}"


def choose(name: str, containers: Iterable[Container], engine: str) -> Container:
    """The container of that name or id, else the only one of the service of that name, one that runs first.

    Raises `UsageError` that lists the names where there is none, or more than one.
    """
    known = sorted(containers, key=lambda each: each.name)
    for container in known:
        if name == container.name or (len(name) >= 12 and container.id.startswith(name)):
            return container
    copies = [each for each in known if each.service == name]
    running = [each for each in copies if each.running]
    candidates = running or copies
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        names = ", ".join(each.name for each in candidates)
        raise UsageError(f"The service {name} has {len(candidates)} containers: name one of {names}.")
    names = ", ".join(each.name for each in known if each.running)
    raise UsageError(f"{engine} has no container {name}; running are: {names or 'none'}.")
