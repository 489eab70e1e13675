"""The generated overlay: the settings of a mode as one more Compose file, put on top of the user's with `-f`. Pure."""

from collections.abc import Mapping
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.json_access import mapping
from chaosproof.targets.containers.compose.system import replicas_of
from chaosproof.targets.system.definition import System

__all__ = ["overlay_of"]


def overlay_of(system: System, config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`{"services": {name: {"environment": ..., "scale": ..., "deploy": ...}}}` of the services that have settings.

    `environment` is that of the mode's values, the number of copies that of the system file with those values on top.
    With `config` (what the CLI says of the user's files) only services that it has, for Compose takes one that only the
    overlay names for one without an image, and copies only where they differ. Empty where nothing is to be set. Raises
    `UsageError` for a service of the system file that the Compose files do not have.
    """
    there = None if config is None else mapping(config.get("services"))
    copies = {service.name: service.replicas for service in system.services} if system.file else {}
    if there is not None and (missing := [name for name in copies if name not in there]):
        raise UsageError(
            f"{system.file}: {', '.join(missing)} is no service of {', '.join(system.compose) or 'its Compose files'}; "
            f"there are {', '.join(there) or 'none'}."
        )
    settings = mapping(system.values.get("services"))
    services: dict[str, Any] = {}
    for name in dict.fromkeys([*copies, *settings]):
        if there is not None and name not in there:
            continue
        body: dict[str, Any] = {}
        environment = mapping(mapping(settings.get(name)).get("environment"))
        if environment:
            body["environment"] = {key: str(value).replace("$", "$$") for key, value in environment.items()}
        wanted = copies.get(name) or mapping(settings.get(name)).get("replicas")
        if wanted and wanted != (1 if there is None else replicas_of(mapping(there[name]))):
            body |= _copies(int(wanted))
        if body:
            services[name] = body
    return {"services": services} if services else {}


def _copies(number: int) -> dict[str, Any]:
    """In all words at once, which Docker Compose wants to agree. podman-compose goes by `scale`, and by `replicas` only
    where the mode is said; before its release 1.4 by `replicas` alone.
    """
    return {"scale": number, "deploy": {"mode": "replicated", "replicas": number}}
