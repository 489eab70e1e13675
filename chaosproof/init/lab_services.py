"""The programs as services of a lab: as they are looked at first, and as an experiment will have them. Pure, but for
the files of variables that are read.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from chaosproof.errors import UsageError
from chaosproof.init.survey import Edge, Program
from chaosproof.targets.system.definition import HealthCheck, Service, System
from chaosproof.targets.system.env_file import read_env_file
from chaosproof.targets.system.service_names import name_of_folder

__all__ = ["bare_system", "in_order", "port_name", "whole_system"]

_READY_WITHIN_S = 20.0
# what a sentence of the launcher begins with
_FILE = "what was read"


def bare_system(programs: Sequence[Program], folder: Path) -> System:
    """Every program once, all at the same time, started again where it ends: what it needs may come up after it."""
    services = (
        replace(_service(program, folder), ports={}, healthcheck=None, depends_on=(), restart="always")
        for program in programs
    )
    return System(_name(folder), tuple(replace(service, replicas=1) for service in services), file=_FILE)


def whole_system(programs: Sequence[Program], folder: Path) -> System:
    """The programs with their ports, health checks, copies and order, as the system file has them."""
    return System(_name(folder), tuple(_service(program, folder) for program in programs), file=_FILE)


def port_name(port: int) -> str:
    """What a system file calls it."""
    return f"port-{port}"


def in_order(programs: Sequence[Program], edges: Sequence[Edge]) -> tuple[Program, ...]:
    """The programs, each waiting for those that it calls: but for who would wait for itself over others."""
    needs: dict[str, list[str]] = {program.name: [] for program in programs}
    wanted = [(program.name, other) for program in programs for other in program.needs]
    for caller, service in dict.fromkeys([*wanted, *((edge.caller, edge.service) for edge in edges)]):
        if not _reaches(service, caller, needs):
            needs[caller].append(service)
    return tuple(replace(program, needs=tuple(needs[program.name])) for program in programs)


def _reaches(start: str, end: str, needs: Mapping[str, Sequence[str]]) -> bool:
    return start == end or any(_reaches(other, end, needs) for other in needs.get(start, ()))


def _service(program: Program, folder: Path) -> Service:
    ports = {port_name(port): port for port in program.ports}
    return Service(
        name=program.name,
        command=program.command,
        replicas=program.replicas,
        working_dir=str((folder / program.working_dir).resolve()),
        environment={**_from_files(program, folder), **program.environment},
        ports=ports,
        healthcheck=_health_check(program),
        depends_on=program.needs,
    )


def _health_check(program: Program) -> HealthCheck | None:
    if not program.ports:
        return None
    port = program.ports[0]
    kind, target = ("http", program.health_path) if program.health_path else ("tcp", port_name(port))
    return HealthCheck(kind, target, port, interval_s=0.1, timeout_s=_READY_WITHIN_S)


def _from_files(program: Program, folder: Path) -> dict[str, str]:
    settings: dict[str, str] = {}
    for name in program.env_files:
        try:
            settings |= read_env_file(folder / name, {**os.environ, **settings})
        except ValueError as error:
            raise UsageError(f"{error}.") from error
    return settings


def _name(folder: Path) -> str:
    return name_of_folder(folder / "system.yaml")
