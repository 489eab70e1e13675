"""The system that an experiment's variables name: a system file, a project of Compose, or what is deployed already."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.targets.containers.compose.choose_cli import find_any_compose
from chaosproof.targets.containers.compose.cli import read_config
from chaosproof.targets.containers.compose.project_files import compose_names, project_files
from chaosproof.targets.containers.compose.system import system_of_config
from chaosproof.targets.host_command import run_to_end
from chaosproof.targets.system.definition import Service, System
from chaosproof.targets.system.service_names import name_of_folder
from chaosproof.targets.system.system_file import load_system

__all__ = ["system_to_run"]


def system_to_run(
    variables: Mapping[str, Any], mode: str, scenario: str | None, *, one_mode: bool = False
) -> System:
    """The system file that `system` names, with its overlays; without one the Compose files of `compose`; or the one
    `service` that is deployed already.

    `one_mode`: the experiment has no other, so the file needs no overlays. Where both are named, the files of `compose`
    take the place of those that the system file names. Raises `UsageError` for a file that cannot be read, or when none
    is named.
    """
    compose = compose_names(variables["compose"]) if variables.get("compose") else ()
    if variables.get("system"):
        system = load_system(Path(str(variables["system"])), mode, scenario, one_mode=one_mode)
        return (
            replace(system, compose=project_files(compose, None, None, one_mode=True)) if compose else system
        )
    if compose:
        files = project_files(compose, mode, scenario, one_mode=one_mode)
        config = read_config(find_any_compose(run_to_end), files)
        return system_of_config(config, str(config.get("name") or name_of_folder(Path(files[0]))), files)
    if variables.get("service"):
        name = str(variables["service"])
        return System(name=name, services=(Service(name=name, command=()),))
    raise UsageError(
        "The experiment's configuration must say 'system', on containers 'compose', or the 'service' that is deployed."
    )
