"""The system file: what a lab runs, in one YAML file, in Compose's words where the meaning is the same.

The format is `system.schema.json` beside this file. Settings that differ by mode and scenario come from the
values overlays: `services.<name>.environment` and `.replicas` there stand on top of what the file says.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from chaosproof.errors import UsageError
from chaosproof.targets.system.definition import HealthCheck, Service, System
from chaosproof.targets.system.values import Values, load_values, merge
from chaosproof.targets.system.yaml_lines import Document, load_yaml

__all__ = ["load_system", "system_to_run"]

_ATTACH = (
    "a lab runs what it starts itself, and cannot attach what runs already; "
    "to put a fault on that: chaosproof inject KIND --pid PID"
)


def load_system(file: Path, mode: str | None = None, scenario: str | None = None) -> System:
    """Read and check a system file; `UsageError` with file, line and what was expected."""
    document = load_yaml(file)
    for error in _errors(document.value):
        raise UsageError(_sentence(document, error))
    raw: Mapping[str, Any] = document.value
    values = Values(merged={}, files=())
    if "values" in raw:
        values = load_values((file.parent / raw["values"]).resolve(), mode, scenario)
    elif mode:
        raise UsageError(f"{file} names no folder of `values`, so it has no mode {mode!r}.")
    services = _overlaid(document, values)
    return System(
        name=raw.get("name", file.parent.name),
        file=str(file),
        services=tuple(_service(document, name, body) for name, body in services.items()),
        scrape_interval_s=float(raw.get("prometheus", {}).get("scrape_interval_s", 1)),
        values=values.merged,
        values_files=values.files,
    )


def system_to_run(variables: Mapping[str, Any], mode: str, scenario: str | None) -> System:
    """The system file that `system` names, with its overlays; or the one `service` that is deployed already.

    Raises `UsageError` for a file that cannot be read, or when neither is named.
    """
    if variables.get("system"):
        return load_system(Path(str(variables["system"])), mode, scenario)
    if not variables.get("service"):
        raise UsageError(
            "The experiment's configuration must say 'system', or the 'service' that is deployed."
        )
    name = str(variables["service"])
    return System(name=name, services=(Service(name=name, command=()),))


def _overlaid(document: Document, values: Values) -> dict[str, dict[str, Any]]:
    """The services of the file with the overlays' `environment` and `replicas` on top."""
    services: dict[str, dict[str, Any]] = dict(document.value["services"])
    for name, overlay in values.merged.get("services", {}).items():
        if name not in services:
            # A chart may know more services than one system file runs.
            continue
        allowed = {key: overlay[key] for key in ("environment", "replicas") if key in overlay}
        services[name] = merge(services[name], allowed)
    for error in _errors({**document.value, "services": services}):
        where = ".".join(str(part) for part in error.absolute_path)
        raise UsageError(f"{', '.join(values.files)}: {where}: {_expectation(error)}.")
    return services


def _errors(value: Any) -> Iterator[ValidationError]:
    schema = json.loads(Path(__file__).with_name("system.schema.json").read_text(encoding="utf-8"))
    errors = Draft202012Validator(schema).iter_errors(value)
    return iter(sorted(errors, key=lambda error: [str(part) for part in error.absolute_path]))


def _sentence(document: Document, error: ValidationError) -> str:
    path = list(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        known = _schema_of(error).get("properties", {})
        unknown = next((key for key in error.instance if key not in known), None)
        if unknown is not None:
            path.append(unknown)
    where = ".".join(str(part) for part in error.absolute_path) or "the file"
    return f"{document.path}:{document.line_of(path)}: {where}: {_expectation(error)}."


def _schema_of(error: ValidationError) -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, Mapping) else {}


def _expectation(error: ValidationError) -> str:
    """What was expected, in a sentence for a person; jsonschema's own words where they are clear."""
    schema = _schema_of(error)
    match error.validator:
        case "additionalProperties" if isinstance(error.instance, Mapping):
            known = schema.get("properties", {})
            unknown = [key for key in error.instance if key not in known]
            if "attach" in unknown:
                return _ATTACH
            return f"unknown key {', '.join(map(repr, unknown))}; known here: {', '.join(known)}"
        case "oneOf" if error.instance is not None:
            options = " or ".join(" with ".join(map(repr, option["required"])) for option in schema["oneOf"])
            return f"expected exactly one of {options}"
        case "type":
            hint = "; write it in quotes" if schema.get("type") == "string" else ""
            return f"expected {schema.get('type')}, got {error.instance!r}{hint}"
        case "pattern":
            return f"{error.instance!r} does not match {schema.get('pattern')}"
        case _:
            return error.message


def _service(document: Document, name: str, body: Mapping[str, Any]) -> Service:
    ports: dict[str, int] = dict(body.get("ports", {}))
    known = document.value["services"]

    def mistake(key: str, text: str) -> UsageError:
        line = document.line_of(["services", name, key])
        return UsageError(f"{document.path}:{line}: services.{name}.{key}: {text}.")

    def port_number(key: str, port_name: str) -> int:
        if port_name not in ports:
            names = ", ".join(ports) or "none"
            raise mistake(key, f"port {port_name!r} is not one of this service's ports ({names})")
        return ports[port_name]

    check = body.get("healthcheck")
    metrics = body.get("metrics")
    for other in body.get("depends_on", []):
        if other not in known or other == name:
            raise mistake("depends_on", f"{other!r} is not another service of this file ({', '.join(known)})")
    return Service(
        name=name,
        command=tuple(body["command"]),
        replicas=int(body.get("replicas", 1)),
        working_dir=str((document.path.parent / body.get("working_dir", ".")).resolve()),
        environment=dict(body.get("environment", {})),
        ports=ports,
        healthcheck=_healthcheck(check, lambda port: port_number("healthcheck", port)) if check else None,
        metrics_path=metrics.get("path", "/metrics") if metrics else "/metrics",
        metrics_port=port_number("metrics", metrics["port"]) if metrics else None,
        depends_on=tuple(body.get("depends_on", ())),
        stop_grace_period_s=float(body.get("stop_grace_period_s", 2.0)),
    )


def _healthcheck(check: Mapping[str, Any], port_number: Callable[[str], int]) -> HealthCheck:
    kind = next(kind for kind in ("http", "tcp", "unix") if kind in check)
    port_name = check["port"] if kind == "http" else check["tcp"] if kind == "tcp" else None
    return HealthCheck(
        kind=kind,
        target=str(check[kind]),
        port=port_number(str(port_name)) if port_name else 0,
        interval_s=float(check.get("interval_s", 0.1)),
        timeout_s=float(check.get("timeout_s", 20)),
    )
