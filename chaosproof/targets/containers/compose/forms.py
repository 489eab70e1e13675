"""What podman-compose's `config` prints, in the forms of Docker Compose's: one form from here on. Pure, but for the
files of variables that are read.

podman-compose prints a service nearly as it was written: ports as text, variables as a list or in a file, dollars
single. Docker Compose resolves all of these, and writes a dollar that is meant for the program twice.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.json_access import mapping, sequence, text
from chaosproof.targets.system.env_file import read_env_file

__all__ = ["docker_form"]

_PORT = re.compile(r"(?:(?P<published>.*):)?(?P<target>\d+)(?:-(?P<last>\d+))?(?:/(?P<protocol>\w+))?")


def docker_form(
    config: Mapping[str, Any], folder: Path, variables: Mapping[str, str], version: tuple[int, int] = (1, 4)
) -> dict[str, Any]:
    """`config`, printed by this version of podman-compose, as Docker Compose would print it, as far as it is read here.

    `folder` is the project's, `variables` what a variable without a value is taken from. Raises `UsageError` for a file
    of variables that cannot be read.
    """
    services = {
        str(name): {
            **_service(str(name), mapping(body), folder, variables),
            **_copies(mapping(body), version),
        }
        for name, body in mapping(config.get("services")).items()
    }
    return {**config, "services": services}


def _service(
    name: str, body: Mapping[str, Any], folder: Path, variables: Mapping[str, str]
) -> dict[str, Any]:
    result = {key: _doubled(value) for key, value in body.items() if key != "env_file"}
    try:
        environment = {
            **_env_files(body.get("env_file"), folder, variables),
            **_environment(body.get("environment"), variables),
        }
    except ValueError as error:
        raise UsageError(f"services.{name}.env_file: {error}.") from error
    if environment:
        result["environment"] = _doubled(environment)
    for key in ("command", "entrypoint"):
        if isinstance(command := result.get(key), str):
            result[key] = shlex.split(command)
    if "ports" in body:
        result["ports"] = [port for entry in sequence(body["ports"]) for port in _ports(entry)]
    if "expose" in body:
        result["expose"] = [str(port) for port in sequence(body["expose"])]
    if isinstance(needs := body.get("depends_on"), list):
        result["depends_on"] = {str(other): {"condition": "service_started"} for other in needs}
    if isinstance(check := result.get("healthcheck"), Mapping):
        test = check.get("test")
        if isinstance(test, str):
            result["healthcheck"] = {**check, "test": ["NONE"] if test == "NONE" else ["CMD-SHELL", test]}
    return result


def _copies(body: Mapping[str, Any], version: tuple[int, int]) -> dict[str, Any]:
    """How many it starts. Before 1.4 it knows `deploy.replicas` alone; since then `scale` stands above it, and without
    `mode: replicated` it counts for nothing.
    """
    deploy = mapping(body.get("deploy"))
    by_deploy = deploy.get("replicas", 1) if version < (1, 4) or deploy.get("mode") == "replicated" else 1
    return {"scale": by_deploy if version < (1, 4) else body.get("scale", by_deploy)}


def _environment(value: Any, variables: Mapping[str, str]) -> dict[str, str]:
    if isinstance(value, Mapping):
        entries = [(str(name), setting) for name, setting in value.items()]
    else:
        pairs = [str(entry).partition("=") for entry in sequence(value)]
        entries = [(name, setting if equals else None) for name, equals, setting in pairs]
    settings = {name: variables.get(name) if setting is None else str(setting) for name, setting in entries}
    return {name: setting for name, setting in settings.items() if setting is not None}


def _env_files(value: Any, folder: Path, variables: Mapping[str, str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for entry in value if isinstance(value, list) else [] if value is None else [value]:
        named = {"path": entry} if isinstance(entry, str) else mapping(entry)
        path = folder / text(named.get("path"))
        if named.get("required") is not False or path.exists():
            settings |= read_env_file(path, {**variables, **settings})
    return settings


def _ports(entry: Any) -> Iterator[dict[str, Any]]:
    """`8080:80`, `127.0.0.1:8080:80/udp`, `3000-3001`, 80, or a map that is in the form already."""
    if isinstance(entry, Mapping):
        yield {"protocol": "tcp", **entry}
        return
    match = _PORT.fullmatch(str(entry))
    if match is None:
        return
    first = int(match["target"])
    for target in range(first, int(match["last"] or first) + 1):
        port = {"target": target, "protocol": match["protocol"] or "tcp"}
        published = (match["published"] or "").rpartition(":")[2]
        yield {**port, "published": published} if published else port


def _doubled(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, Mapping):
        return {key: _doubled(part) for key, part in value.items()}
    return [_doubled(part) for part in value] if isinstance(value, list) else value
