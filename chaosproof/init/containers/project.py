"""What a Compose project says of its services, and of who calls whom: by their variables and commands. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chaosproof.init.discover.mentions import mentioned_edges
from chaosproof.init.edges import entries, read_edge
from chaosproof.init.survey import Edge, LeftOut, Program
from chaosproof.json_access import mapping, mappings, sequence, text
from chaosproof.targets.system.definition import System

__all__ = ["Project", "project_of"]

_SOURCE = "the Compose file"
# What images that everybody knows listen on, for services whose Compose file names no port.
_IMAGE_PORTS = {"postgres": 5432, "postgis": 5432, "mysql": 3306, "mariadb": 3306, "mongo": 27017}
_IMAGE_PORTS |= {"redis": 6379, "valkey": 6379, "memcached": 11211, "rabbitmq": 5672, "nats": 4222}
_IMAGE_PORTS |= {"nginx": 80, "httpd": 80, "caddy": 80, "traefik": 80, "haproxy": 80, "elasticsearch": 9200}


@dataclass(frozen=True)
class Project:
    """The services that run on, the edges between them, where users may come in, what was left out, and what a person
    should know.
    """

    programs: tuple[Program, ...]
    edges: tuple[Edge, ...]
    pages: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()


def project_of(system: System, config: Mapping[str, Any], calls: Sequence[str]) -> Project:
    """The project of `config`, whose services are those of `system`; `calls` (CALLER=SERVICE:PORT) are edges besides.

    Raises `UsageError` for a call of another form or of a service that there is not.
    """
    bodies = {name: mapping(body) for name, body in mapping(config.get("services")).items()}
    programs, left_out, notes = [], [], []
    for service in system.services:
        body = bodies[service.name]
        if why := _why_not(body, one_shot=service.one_shot):
            left_out.append(LeftOut(service.name, why))
            continue
        ports = tuple(service.ports.values())
        known = _IMAGE_PORTS.get(_image(body))
        if not ports and known:
            ports = (known,)
            notes.append(f"{service.name}: taken to listen on {known}, as {_image(body)} does")
        programs.append(
            Program(
                service.name,
                service.command,
                _SOURCE,
                environment=service.environment,
                ports=ports,
                needs=service.depends_on,
                replicas=service.replicas,
            )
        )
    names = {program.name for program in programs}
    stated = [read_edge(call, names) for call in calls]
    edges = tuple(dict.fromkeys([*stated, *_edges(programs, bodies)]))
    with_ports = _with_called_ports(programs, edges)
    return Project(with_ports, edges, _pages(with_ports, edges, bodies), tuple(left_out), tuple(notes))


def _why_not(body: Mapping[str, Any], *, one_shot: bool) -> str:
    if one_shot:
        return "it runs once and ends, before the services that wait for it"
    mode = text(body.get("network_mode"))
    if mode in ("host", "none") or mode.startswith(("service:", "container:")):
        return f"it has no network of its own (network_mode: {mode}), where a fault would hit it alone"
    return ""


def _image(body: Mapping[str, Any]) -> str:
    """`postgres` of docker.io/library/postgres:17."""
    return text(body.get("image")).partition("@")[0].rpartition("/")[2].partition(":")[0]


def _edges(programs: Sequence[Program], bodies: Mapping[str, Mapping[str, Any]]) -> Iterator[Edge]:
    """Of each service all names count by which others reach it."""
    service_of: dict[str, str] = {}
    called = []
    for program in programs:
        for name in _names(program.name, bodies[program.name]):
            if service_of.setdefault(name, program.name) == program.name and name != program.name:
                called.append(Program(name, (), _SOURCE, ports=program.ports))
    for edge in mentioned_edges([*programs, *called]):
        service = service_of[edge.service]
        if service != edge.caller:
            yield Edge(edge.caller, service, edge.port)


def _names(name: str, body: Mapping[str, Any]) -> Iterator[str]:
    yield name
    for key in ("container_name", "hostname"):
        if other := text(body.get(key)):
            yield other
    for network in mapping(body.get("networks")).values():
        yield from map(str, sequence(mapping(network).get("aliases")))


def _with_called_ports(programs: Sequence[Program], edges: Sequence[Edge]) -> tuple[Program, ...]:
    """The programs with the ports that others call them on: where Compose names none, they are the only ones known."""
    called = {
        name: [edge.port for edge in edges if edge.service == name] for name in (p.name for p in programs)
    }
    return tuple(replace(p, ports=tuple(dict.fromkeys([*p.ports, *called[p.name]]))) for p in programs)


def _pages(
    programs: Sequence[Program], edges: Sequence[Edge], bodies: Mapping[str, Mapping[str, Any]]
) -> tuple[str, ...]:
    """Where users may come in: published ports of services that no other calls; without any, all of those."""
    published = {
        name: [port["target"] for port in mappings(body.get("ports")) if port.get("published")]
        for name, body in bodies.items()
    }
    ports = {program.name: program.ports for program in programs}
    first = entries(programs, edges)
    outer = [name for name in first if published[name]] or list(first)
    return tuple(f"http://{name}:{(published[name] or ports[name])[0]}/" for name in outer)
