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
from chaosproof.targets.system.definition import System
from chaosproof.targets.system.env_file import read_env_file
from chaosproof.targets.system.mistakes import Mistake, refuse
from chaosproof.targets.system.schema_mistakes import schema_mistakes
from chaosproof.targets.system.service_body import service_mistakes, service_of_body
from chaosproof.targets.system.service_names import name_mistakes, name_of_folder
from chaosproof.targets.system.values import Values, load_values, merge
from chaosproof.targets.system.yaml_lines import load_yaml

__all__ = ["load_system"]


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
    compose, missing = _compose_files(file.parent, raw if not mistakes else {})
    refuse(document, [*forms.mistakes, *mistakes, *service_mistakes(raw, mistakes), *missing])
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
        services=tuple(service_of_body(file.parent, name, body) for name, body in services.items()),
        scrape_interval_s=float(raw.get("prometheus", {}).get("scrape_interval_s", 1)),
        values=values.merged,
        values_files=values.files,
        compose=compose,
    )


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


def _compose_files(folder: Path, raw: Mapping[str, Any]) -> tuple[tuple[str, ...], list[Mistake]]:
    """The Compose files that the file names, as absolute paths, and a mistake for each that is not there."""
    named = raw.get("compose", [])
    files = [(folder / name).resolve() for name in ([named] if isinstance(named, str) else named)]
    missing = [Mistake(("compose",), f"there is no file {file}") for file in files if not file.is_file()]
    return tuple(map(str, files)), missing
