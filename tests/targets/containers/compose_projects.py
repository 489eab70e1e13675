"""Small Compose projects with every form that public ones have, and what a system of each has to say.

`projects/NAME/` has its Compose files and expected.json; `printed/CLI/NAME.yaml` is what the `config` of that CLI
printed of it, recorded for machines that have none:

    python -m tests.targets.containers.compose_projects docker-compose 2.26.1
    python -m tests.targets.containers.compose_projects podman-compose 1.5.0
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosproof.targets.containers.compose.cli import ComposeCli, config_argv
from chaosproof.targets.containers.compose.project_files import files_of_folder
from chaosproof.targets.system.definition import Service, System

__all__ = ["NAMES", "PRINTED", "PROJECTS", "VARIABLES", "expected", "facts", "files_of", "printed_by"]

_HERE = Path(__file__).parent
PROJECTS = _HERE / "projects"
PRINTED = _HERE / "printed"
NAMES = sorted(folder.name for folder in PROJECTS.iterdir())
VARIABLES = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/root", "CALLER": "here"}
"""What the caller's environment has, so that what is recorded is the same everywhere."""
_SHOWN = "/project"


def files_of(name: str) -> list[str]:
    """The Compose files of a project, as absolute paths."""
    return [str(PROJECTS / name / file) for file in files_of_folder(PROJECTS / name)]


def expected(name: str) -> Mapping[str, Mapping[str, Any]]:
    """By service, what is to be known of it; what is not in it does not matter."""
    content: Mapping[str, Mapping[str, Any]] = json.loads((PROJECTS / name / "expected.json").read_text())
    return content


def facts(system: System, wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the system says of what is `wanted`, in the forms of expected.json; all of its services."""
    return {
        service.name: {key: _fact(service, key) for key in wanted.get(service.name, {})}
        for service in system.services
    }


def _fact(service: Service, key: str) -> Any:
    check = service.healthcheck
    match key:
        case "health":
            return list(check.command) if check else None
        case "times":
            return check and [check.interval_s, check.answer_timeout_s, check.retries, check.timeout_s]
        case "asked":
            return check and [check.kind, check.target, check.port]
        case "metrics":
            return [service.metrics_path, service.metrics_port]
        case "depends_on":
            return sorted(service.depends_on)
    value = getattr(service, key)
    return list(value) if isinstance(value, tuple) else value


def printed_by(folder: str, name: str) -> tuple[ComposeCli, str]:
    """What the CLI of `printed/folder` printed of a project."""
    cli = ComposeCli((), folder, is_podman=folder.startswith("podman"))
    text = (PRINTED / folder / f"{name}.yaml").read_text(encoding="utf-8")
    return cli, text.replace(_SHOWN, str(PROJECTS / name))


def main(argv: list[str], version: str) -> None:
    """Record what a CLI prints of every project; one that it refuses is left out, and its reason printed."""
    name_of_cli = Path(argv[-1]).name
    cli = ComposeCli(tuple(argv), f"{name_of_cli}-{version}", is_podman="podman" in name_of_cli)
    folder = PRINTED / cli.name
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        done = subprocess.run(
            config_argv(cli, files_of(name)),
            cwd=PROJECTS / name,
            env=VARIABLES,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            print(f"{name}: {done.stderr.strip()}")
            continue
        text = done.stdout.replace(str(PROJECTS / name), _SHOWN)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:-1], sys.argv[-1])
