"""The system file and its overlays: what a lab runs, and what differs between the modes."""

import os
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import yaml

from chaosproof.experiment.redaction import is_secret_name
from chaosproof.init.lab_services import port_name
from chaosproof.init.survey import Program, Switch

__all__ = ["overlays", "system_text", "unwritten_secrets"]

_HEAD = """\
# What a lab runs; written by `chaosproof init`, and yours to change (docs/reference/system-file.md has every word).
# Try it: chaosproof lab up {file}{mode}
"""


def system_text(
    name: str, programs: Sequence[Program], switches: Sequence[Switch], *, file: PurePosixPath
) -> str:
    """The text of the system file at `file`, relative to the folder that the programs' own paths are relative to."""
    services = {program.name: _service(program, switches, file.parent) for program in programs}
    document: dict[str, Any] = {"name": name, "services": services}
    if switches:
        document["values"] = "values"
    mode = " --mode resilient" if switches else ""
    return _HEAD.format(file=file, mode=mode) + _yaml(document)


def overlays(switches: Sequence[Switch]) -> dict[str, str]:
    """The files of the overlays' folder, by name; none where nothing is switched."""
    if not switches:
        return {}
    return {
        "values-common.yaml": "# What both modes share.\nservices: {}\n",
        "values-baseline.yaml": "# Without the protection.\n" + _yaml(_overlay(switches, "baseline")),
        "values-resilient.yaml": "# With the protection.\n" + _yaml(_overlay(switches, "resilient")),
    }


def unwritten_secrets(programs: Sequence[Program]) -> tuple[str, ...]:
    """The variables, as SERVICE.NAME, whose values are not written: they come from whoever runs the lab."""
    return tuple(
        f"{program.name}.{name}"
        for program in programs
        for name, value in program.environment.items()
        if _is_secret(name, value)
    )


def _overlay(switches: Sequence[Switch], mode: str) -> dict[str, Any]:
    services: dict[str, Any] = {}
    for switch in switches:
        environment = services.setdefault(switch.service, {"environment": {}})["environment"]
        environment[switch.variable] = getattr(switch, mode)
    return {"services": services}


def _service(program: Program, switches: Sequence[Switch], folder: PurePosixPath) -> dict[str, Any]:
    switched = {switch.variable for switch in switches if switch.service == program.name}
    body: dict[str, Any] = {"command": [_escaped(word) for word in program.command]}
    body["working_dir"] = _from(folder, program.working_dir)
    if program.replicas > 1:
        body["replicas"] = program.replicas
    if program.env_files:
        body["env_file"] = [_from(folder, file) for file in program.env_files]
    environment = {
        name: None if _is_secret(name, value) else _escaped(value)
        for name, value in program.environment.items()
        if name not in switched
    }
    if environment:
        body["environment"] = environment
    if program.ports:
        body["ports"] = {port_name(port): port for port in program.ports}
        body["healthcheck"] = _health_check(program)
    if program.needs:
        body["depends_on"] = list(program.needs)
    return body


def _health_check(program: Program) -> Mapping[str, str]:
    port = port_name(program.ports[0])
    return {"http": program.health_path, "port": port} if program.health_path else {"tcp": port}


def _is_secret(name: str, value: str) -> bool:
    """Whether it is a secret by its name, or a url with a password in it."""
    _, scheme, rest = value.partition("://")
    credentials, at, _ = rest.partition("/")[0].rpartition("@")
    return is_secret_name(name) or bool(scheme and at and ":" in credentials)


def _from(folder: PurePosixPath, path: str) -> str:
    """A path as it is written in a file of `folder`, which is relative to the same folder as it."""
    return path if path.startswith("/") else os.path.relpath(path, str(folder))


def _escaped(text: str) -> str:
    """A dollar that is meant for the program is written twice."""
    return text.replace("$", "$$")


def _yaml(document: Mapping[str, Any]) -> str:
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110))
