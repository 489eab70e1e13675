"""Where probes of the toolkit itself reach a lab: `${endpoint_shop_http}` is the url of the port `http` of `shop`.

The toolkit runs outside of the lab, where the names of services lead nowhere, and a lab's ports on this machine's
loopback are other ones in each run. `${address_shop_http}` is the same as HOST:PORT, for programs that take no url.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chaosproof.experiment.schema import suggestion
from chaosproof.json_access import mapping, mappings, text
from chaosproof.targets.system.definition import System

__all__ = ["endpoint_mistakes", "endpoint_names", "endpoint_variables"]

_NAMED = re.compile(r"\$\{((?:endpoint|address)_\w+)\}")
_HOST_PORT = re.compile(r"(?:^|[\s/@\"'=])(\[[^\]]+\]|[\w.-]+)(?::(\d+))?(?=[/\s?\"']|$)")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]", "0.0.0.0"})
# Only these run outside; our own actions and probes know the names of services.
_OUTSIDE = frozenset({"http", "process"})


def endpoint_names(system: System) -> dict[tuple[str, int], str]:
    """What follows `endpoint_` in a variable's name, for each service and port."""
    return {
        (service.name, port): f"{_identifier(service.name)}_{_identifier(name)}"
        for service in system.services
        for name, port in service.ports.items()
    }


def endpoint_variables(system: System, endpoints: Mapping[str, str]) -> dict[str, str]:
    """The variables of a system that is up; `endpoints` are its urls by service, or SERVICE.PORT but for the first."""
    names = endpoint_names(system)
    variables = {}
    for service in system.services:
        for number, (port_name, port) in enumerate(service.ports.items()):
            url = endpoints.get(f"{service.name}.{port_name}" if number else service.name)
            if url is not None:
                name = names[service.name, port]
                variables[f"endpoint_{name}"] = url
                variables[f"address_{name}"] = url.partition("://")[2]
    return variables


def endpoint_mistakes(content: Mapping[str, Any], system: System, target: str) -> Iterator[str]:
    """A sentence for each activity of the experiment that would look for the lab where it is not."""
    names = endpoint_names(system)
    known = [f"{kind}_{name}" for name in names.values() for kind in ("endpoint", "address")]
    configured = mapping(content.get("configuration"))
    for activity in _activities(content):
        provider = mapping(activity.get("provider"))
        label = text(activity.get("name"))
        for name in dict.fromkeys(_NAMED.findall(repr(provider))):
            if name in configured:
                continue
            if target != "local":
                yield f"{label!r}: ${{{name}}} is known in a lab only, not on the target {target}"
            elif name not in known:
                yield f"{label!r}: ${{{name}}} names no port of the system: {suggestion(name, known)}"
        if target == "local" and provider.get("type") in _OUTSIDE:
            yield from (f"{label!r}: {mistake}" for mistake in _leads_nowhere(provider, names))


def _leads_nowhere(provider: Mapping[str, Any], names: Mapping[tuple[str, int], str]) -> Iterator[str]:
    parts = [provider.get("url"), provider.get("arguments") if provider["type"] == "process" else None]
    services = {service for service, _ in names}
    for part in _texts(parts):
        for host, port in _HOST_PORT.findall(part):
            matching = [
                name
                for (service, number), name in names.items()
                if port == str(number) and (host == service or host in _LOOPBACK)
            ]
            if not matching and host in services and f"//{host}" in part:
                matching = [name for (service, _), name in names.items() if service == host]
            if matching:
                choice = " or ".join(f"${{endpoint_{name}}}" for name in matching)
                where = f"{host}:{port}" if port else host
                yield f"{where} is not the lab from outside of it, where this runs: write {choice} for its url"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _activities(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from mappings(mapping(content.get("steady-state-hypothesis")).get("probes"))
    yield from mappings(content.get("method"))
    yield from mappings(content.get("rollbacks"))


def _identifier(name: str) -> str:
    return re.sub(r"\W", "_", name)
