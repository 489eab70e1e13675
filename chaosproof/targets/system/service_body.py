"""A service's body in the words of `system.schema.json`, from a system file or from `x-chaosproof` of a Compose file:
what no schema sees of it, and what it is as plain data.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosproof.targets.system.definition import HealthCheck, Service
from chaosproof.targets.system.mistakes import Mistake

__all__ = ["health_check_of", "service_mistakes", "service_of_body"]


def service_mistakes(raw: Any, known: list[Mistake]) -> list[Mistake]:
    """What no schema sees, in services of which it is content: names that lead nowhere, words that contradict."""
    services = raw.get("services") if isinstance(raw, Mapping) else None
    if not isinstance(services, Mapping):
        return []
    refused = {mistake.path[1:2] for mistake in known if mistake.path[:1] == ("services",)}
    mistakes = []
    for name, body in services.items():
        if (name,) in refused:
            continue
        ports = body.get("ports", {})
        for key in ("healthcheck", "metrics"):
            asked_port = _port_name(body.get(key, {}))
            if asked_port and asked_port not in ports:
                text = (
                    f"port {asked_port!r} is not one of this service's ports ({', '.join(ports) or 'none'})"
                )
                mistakes.append(Mistake(("services", name, key), text))
        for other in body.get("depends_on", []):
            if other not in services or other == name:
                text = f"{other!r} is not another service of this file ({', '.join(services)})"
                mistakes.append(Mistake(("services", name, "depends_on"), text))
        if body.get("one_shot"):
            for key in ("healthcheck", "metrics", "restart"):
                if key in body and body[key] != "no":
                    text = f"{name!r} is to end by itself (one_shot), so it has no `{key}`; leave one of the two out"
                    mistakes.append(Mistake(("services", name, key), text))
    return mistakes


def service_of_body(folder: Path, name: str, body: Mapping[str, Any]) -> Service:
    """The service of a body without mistakes; paths in it are relative to `folder`."""
    ports: dict[str, int] = dict(body.get("ports", {}))
    check = body.get("healthcheck")
    metrics = body.get("metrics")
    return Service(
        name=name,
        command=tuple(body.get("command", ())),
        replicas=int(body.get("replicas", 1)),
        working_dir=str((folder / body.get("working_dir", ".")).resolve()),
        environment=dict(body.get("environment", {})),
        ports=ports,
        healthcheck=health_check_of(check, ports) if check else None,
        metrics_path=metrics.get("path", "/metrics") if metrics else "/metrics",
        metrics_port=ports[metrics["port"]] if metrics else None,
        depends_on=tuple(body.get("depends_on", ())),
        stop_grace_period_s=float(body.get("stop_grace_period_s", 2.0)),
        one_shot=bool(body.get("one_shot")),
        restart=body.get("restart", "no"),
        user=body.get("user", ""),
    )


def health_check_of(check: Mapping[str, Any], ports: Mapping[str, int]) -> HealthCheck:
    """The health check of a body's `healthcheck`, in a service with these ports."""
    kind = next(kind for kind in ("http", "tcp", "unix", "test") if kind in check)
    port_name = _port_name(check)
    answer_timeout_s = check.get("answer_timeout_s")
    return HealthCheck(
        kind=kind,
        target=" ".join(check["test"]) if kind == "test" else str(check[kind]),
        port=ports[port_name] if port_name else 0,
        interval_s=float(check.get("interval_s", 0.1)),
        timeout_s=float(check.get("timeout_s", 20)),
        command=tuple(check.get("test", ())),
        answer_timeout_s=float(answer_timeout_s) if answer_timeout_s is not None else None,
        retries=int(check.get("retries", 1)),
    )


def _port_name(check: Mapping[str, Any]) -> str | None:
    return check.get("tcp") or check.get("port")
