"""What the rest of the target knows of a container and of its engine's events: plain data, read from the API's JSON.

Both engines answer in Docker's format (https://docs.docker.com/reference/api/engine/), each with its own gaps.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = [
    "NUMBER",
    "PROJECT",
    "SERVICE",
    "Container",
    "EngineEvent",
    "is_one_off",
    "read_container",
    "read_event",
]

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
_ONE_OFF = "com.docker.compose.oneoff"

# Podman's own words for what Docker has another word for
_ACTIONS = {"died": "die", "remove": "destroy", "removed": "destroy", "init": "create"}
_FRACTION = re.compile(r"\.\d+")


@dataclass(frozen=True)
class Container:
    """One container as its engine describes it.

    `project`, `service` and `number` come from Compose's labels, and are "" and 0 where there are none. `image` is
    the image's id. `pid` is 0 and `exit_code` that of the last end where it does not run. `started_at` is in Unix
    seconds, 0 before its first start. `networks` are by name, each with its IPv4 and IPv6 address, "" where it has
    none. `ports` are TCP ports inside. `health_test` is as the engine has it: `("CMD", ...)`, `("CMD-SHELL", "...")`.
    """

    id: str
    name: str
    image: str
    project: str
    service: str
    number: int
    pid: int
    running: bool
    exit_code: int | None
    started_at: float
    restarts: int
    network_mode: str
    networks: Mapping[str, tuple[str, str]]
    ports: tuple[int, ...]
    environment: Mapping[str, str]
    user: str
    working_dir: str
    health_test: tuple[str, ...] = ()
    host_name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EngineEvent:
    """Something that happened to a container, in Docker's words: `create`, `start`, `die`, `destroy`, ...

    `container` is its whole id, `at` Unix seconds; `exit_code` is there when it died.
    """

    container: str
    action: str
    at: float
    exit_code: int | None = None


def is_one_off(labels: Mapping[str, str]) -> bool:
    """Whether `compose run` made the container, which is a copy of no service."""
    return labels.get(_ONE_OFF, "").lower() == "true"


def read_container(inspect: Mapping[str, Any]) -> Container:
    """The container of an answer to `GET /containers/ID/json`. What the engine leaves out is empty."""
    state, config = _part(inspect, "State"), _part(inspect, "Config")
    host, network = _part(inspect, "HostConfig"), _part(inspect, "NetworkSettings")
    labels = {name: str(value) for name, value in _part(config, "Labels").items()}
    running = bool(state.get("Running"))
    started_at = _seconds(state.get("StartedAt"))
    number = labels.get(NUMBER, "")
    return Container(
        id=str(inspect["Id"]),
        name=str(inspect.get("Name", "")).lstrip("/"),
        image=str(inspect.get("Image", "")),
        project=labels.get(PROJECT, ""),
        service=labels.get(SERVICE, ""),
        number=int(number) if number.isdecimal() else 0,
        pid=int(state.get("Pid") or 0) if running else 0,
        running=running,
        exit_code=None if running or not started_at else int(state.get("ExitCode") or 0),
        started_at=started_at,
        restarts=int(inspect.get("RestartCount") or 0),
        network_mode=str(host.get("NetworkMode", "")),
        networks={
            name: (str(each.get("IPAddress") or ""), str(each.get("GlobalIPv6Address") or ""))
            for name, each in _part(network, "Networks").items()
        },
        ports=_tcp_ports(_part(config, "ExposedPorts"), _part(network, "Ports"), _part(host, "PortBindings")),
        environment=_environment(config.get("Env") or ()),
        user=str(config.get("User") or ""),
        working_dir=str(config.get("WorkingDir") or ""),
        health_test=_health_test(_part(config, "Healthcheck").get("Test") or ()),
        labels=labels,
        host_name=str(config.get("Hostname") or ""),
    )


def read_event(event: Mapping[str, Any]) -> EngineEvent | None:
    """The event of a line of `GET /events`; `None` where it is not about a container."""
    if event.get("Type", "container") != "container":
        return None
    actor = _part(event, "Actor")
    attributes = _part(actor, "Attributes")
    # an action may have words behind it, as in `exec_create: sh -c ...` and `health_status: healthy`
    action = str(event.get("Action") or event.get("status") or "").partition(":")[0]
    action = _ACTIONS.get(action, action)
    code = attributes.get("exitCode", attributes.get("containerExitCode"))
    nanoseconds = event.get("timeNano")
    return EngineEvent(
        container=str(actor.get("ID") or event.get("id") or ""),
        action=action,
        at=int(nanoseconds) / 1e9 if nanoseconds else float(event.get("time") or 0.0),
        exit_code=int(code) if action == "die" and code is not None else None,
    )


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object inside another; both engines write null where it is empty."""
    return whole.get(name) or {}


def _tcp_ports(*by_name: Mapping[str, Any]) -> tuple[int, ...]:
    """The numbers of names such as `80/tcp`, in order."""
    pairs = (name.partition("/") for each in by_name for name in each)
    return tuple(sorted({int(number) for number, _, protocol in pairs if protocol in ("tcp", "")}))


def _environment(lines: Sequence[str]) -> dict[str, str]:
    pairs = (line.partition("=") for line in lines)
    return {name: value for name, _, value in pairs}


def _health_test(test: Sequence[str]) -> tuple[str, ...]:
    return () if test[:1] == ["NONE"] else tuple(map(str, test))


def _seconds(text: str | None) -> float:
    """Unix seconds of the engine's time, which has nanoseconds; 0 for the year 1, which means never."""
    if not text or text.startswith("0001-"):
        return 0.0
    fraction = _FRACTION.search(text)
    whole = datetime.fromisoformat(_FRACTION.sub("", text, count=1)).timestamp()
    return whole + (float(f"0{fraction[0]}") if fraction else 0.0)
