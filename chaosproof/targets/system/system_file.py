"""The system file: what a lab runs, in one YAML file, in Compose's words where the meaning is the same.

The format is `system.schema.json` beside this file. Settings that differ by mode and scenario come from the
values overlays: `services.<name>.environment` and `.replicas` there stand on top of what the file says.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.shipped import here_or_shipped
from chaosproof.targets.system.compose_forms import ComposeForms, text_at
from chaosproof.targets.system.definition import HealthCheck, Service, System
from chaosproof.targets.system.env_file import read_env_file
from chaosproof.targets.system.mistakes import Mistake, refuse
from chaosproof.targets.system.schema_mistakes import schema_mistakes
from chaosproof.targets.system.service_names import name_mistakes, name_of_folder
from chaosproof.targets.system.values import Values, load_values, merge
from chaosproof.targets.system.yaml_lines import load_yaml

__all__ = ["load_system", "system_to_run"]


def load_system(
    file: Path,
    mode: str | None = None,
    scenario: str | None = None,
    environment: Mapping[str, str] | None = None,
    *,
    one_mode: bool = False,
) -> System:
    """Read and check a system file; a `UsageError` has every mistake with its line and what to write instead.

    Variables in it are those of `environment` (the caller's own), then of a file `.env` beside it. With `one_mode`
    nothing has to differ by mode: a file without `values` is taken as it stands.
    """
    file = here_or_shipped(file)
    document = load_yaml(file, text_at)
    forms = ComposeForms(file.parent, _variables(file, os.environ if environment is None else environment))
    raw = forms.rewritten(document.value)
    mistakes = schema_mistakes(raw)
    refuse(document, [*forms.mistakes, *mistakes, *_service_mistakes(raw, mistakes)])
    values = Values(merged={}, files=())
    if "values" in raw:
        values = load_values((file.parent / raw["values"]).resolve(), mode, scenario)
    elif mode and not one_mode:
        raise UsageError(f"{file} names no folder of `values`, so it has no mode {mode!r}.")
    services = _overlaid(raw, values)
    refuse(document, name_mistakes(services))
    return System(
        name=raw.get("name", name_of_folder(file)),
        file=str(file),
        services=tuple(_service(file.parent, name, body) for name, body in services.items()),
        scrape_interval_s=float(raw.get("prometheus", {}).get("scrape_interval_s", 1)),
        values=values.merged,
        values_files=values.files,
    )


def system_to_run(
    variables: Mapping[str, Any], mode: str, scenario: str | None, *, one_mode: bool = False
) -> System:
    """The system file that `system` names, with its overlays; or the one `service` that is deployed already.

    `one_mode`: the experiment has no other, so the file needs no overlays. Raises `UsageError` for a file that cannot
    be read, or when neither is named.
    """
    if variables.get("system"):
        return load_system(Path(str(variables["system"])), mode, scenario, one_mode=one_mode)
    if not variables.get("service"):
        raise UsageError(
            "The experiment's configuration must say 'system', or the 'service' that is deployed."
        )
    name = str(variables["service"])
    return System(name=name, services=(Service(name=name, command=()),))


def _variables(file: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """What `${NAME}` may name: the caller's environment stands above the file `.env`."""
    beside = file.parent / ".env"
    try:
        return {**(read_env_file(beside, environment) if beside.is_file() else {}), **environment}
    except ValueError as error:
        raise UsageError(f"{error}.") from error


def _overlaid(raw: Mapping[str, Any], values: Values) -> dict[str, dict[str, Any]]:
    """The services of the file with the overlays' `environment` and `replicas` on top."""
    services: dict[str, dict[str, Any]] = dict(raw["services"])
    for name, overlay in values.merged.get("services", {}).items():
        if name not in services:
            # A chart may know more services than one system file runs.
            continue
        allowed = {key: overlay[key] for key in ("environment", "replicas") if key in overlay}
        services[name] = merge(services[name], allowed)
    for mistake in schema_mistakes({**raw, "services": services}):
        where = ".".join(str(part) for part in mistake.path)
        raise UsageError(f"{', '.join(values.files)}: {where}: {mistake.text}.")
    return services


def _service_mistakes(raw: Any, known: list[Mistake]) -> list[Mistake]:
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


def _port_name(check: Mapping[str, Any]) -> str | None:
    return check.get("tcp") or check.get("port")


def _service(folder: Path, name: str, body: Mapping[str, Any]) -> Service:
    ports: dict[str, int] = dict(body.get("ports", {}))
    check = body.get("healthcheck")
    metrics = body.get("metrics")
    return Service(
        name=name,
        command=tuple(body["command"]),
        replicas=int(body.get("replicas", 1)),
        working_dir=str((folder / body.get("working_dir", ".")).resolve()),
        environment=dict(body.get("environment", {})),
        ports=ports,
        healthcheck=_healthcheck(check, ports) if check else None,
        metrics_path=metrics.get("path", "/metrics") if metrics else "/metrics",
        metrics_port=ports[metrics["port"]] if metrics else None,
        depends_on=tuple(body.get("depends_on", ())),
        stop_grace_period_s=float(body.get("stop_grace_period_s", 2.0)),
        one_shot=bool(body.get("one_shot")),
        restart=body.get("restart", "no"),
        user=body.get("user", ""),
    )


def _healthcheck(check: Mapping[str, Any], ports: Mapping[str, int]) -> HealthCheck:
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
