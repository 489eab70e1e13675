"""The Compose CLI: which there is, what it makes of Compose files (`config`), and a project brought up and down by it.

Docker Compose 2 (`docker compose`, `docker-compose`) works on both engines; podman-compose on Podman only. Whichever is
taken has to talk to the engine that is watched, and not to the one that its own configuration names.
"""

import os
import re
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaosproof.errors import TargetError, UsageError
from chaosproof.json_access import mapping
from chaosproof.targets.containers.compose.forms import docker_form
from chaosproof.targets.host_command import command_path
from chaosproof.targets.system.compose_forms import text_at
from chaosproof.targets.system.yaml_lines import parse_yaml

__all__ = ["ComposeCli", "config_argv", "down", "major_minor", "printed_config", "read_config", "up"]

_NO_SUCH_OPTION = "unrecognized arguments"

# Another engine or project, for a CLI that is called as if by hand.
_NOT_INHERITED = frozenset(
    {"DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "CONTAINER_HOST", "CONTAINER_CONNECTION"}
    | {"COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "COMPOSE_PROJECT_DIR", "COMPOSE_PATH_SEPARATOR"}
)
_CONFIG_S = 60.0
# Images may have to be pulled and built first.
_UP_S = 1200.0
_DOWN_S = 180.0
_LINES_SHOWN = 8


@dataclass(frozen=True)
class ComposeCli:
    """A Compose CLI: how it is called, its name with its version, and the variables that make it talk to one engine.

    `is_podman`: it is podman-compose, also where `podman compose` calls it; it knows fewer options.
    """

    argv: tuple[str, ...]
    name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    is_podman: bool = False


def read_config(
    cli: ComposeCli,
    files: Sequence[str],
    project: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Mapping[str, Any]:
    """What `config` says of the files, in Docker Compose's canonical form: `$$` stays doubled, `env_file` is resolved.

    `environment` is what `${NAME}` may name (the caller's own where it is None). It is read as YAML, which all of them
    print: in JSON Docker Compose leaves out a service's `x-` keys (its issue 11528). Raises `UsageError` with the CLI's
    words where it refuses the files.
    """
    variables = dict(os.environ if environment is None else environment)
    code, stdout, stderr = _ran(cli, config_argv(cli, files, project), variables, _folder(files))
    if code != 0:
        raise UsageError(f"{cli.name} refuses {', '.join(files)}: {_last(stderr or stdout)}")
    return printed_config(cli, stdout, Path(files[0]).resolve().parent, variables)


def config_argv(cli: ComposeCli, files: Sequence[str], project: str | None = None) -> list[str]:
    """The command that prints what the CLI makes of the files. Pure."""
    # podman-compose looks for podman also where it is only to print.
    dry = ["--dry-run"] if cli.is_podman else []
    return [*cli.argv, *dry, *_project(files, project), "config"]


def printed_config(
    cli: ComposeCli, printed: str, folder: Path, variables: Mapping[str, str]
) -> Mapping[str, Any]:
    """What `config` printed of the project in `folder`, in Docker Compose's canonical form."""
    config = mapping(parse_yaml(printed, Path(f"{cli.name} config"), text_at).value)
    if not cli.is_podman:
        return config
    return docker_form(config, folder, variables, major_minor(cli.name))


def up(cli: ComposeCli, files: Sequence[str], project: str, on_line: Callable[[str], None]) -> None:
    """Bring the project up, detached; returns when its containers are started, in the order of `depends_on`.

    Every line that the CLI prints goes to `on_line`. Raises `TargetError` with its last lines where it fails.
    """
    plain = ["--no-ansi"] if cli.is_podman else ["--ansi", "never"]
    argv = [*cli.argv, *plain, *_project(files, project), "up", "--detach"]
    last: deque[str] = deque(maxlen=_LINES_SHOWN)
    errors: list[str] = []
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
        cwd=_folder(files),
        env=_environment(cli, os.environ),
    )
    timer = threading.Timer(_UP_S, _end, [process])
    timer.start()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip():
                last.append(line.strip())
                errors += [line.strip()] if line.startswith("Error: ") else []
                on_line(line.rstrip())
        code = process.wait()
    finally:
        timed_out = not timer.is_alive()
        timer.cancel()
        _end(process)
    if code == 0 and errors and cli.is_podman and major_minor(cli.name) < (1, 5):
        # Before that release it ends with 0 whatever podman says.
        raise TargetError(f"{cli.name} up: {' '.join(errors)[-600:]}")
    if code != 0:
        how = f"was ended after {_UP_S:g} s" if timed_out else f"ended with exit code {code}"
        raise TargetError(f"{cli.name} up {how}: {' '.join(last) or 'it printed nothing'}")


def down(cli: ComposeCli, files: Sequence[str], project: str) -> None:
    """Take the project away: containers, networks, its own volumes, and images that were built for it under its name.

    A project that is not there is no error; Docker Compose needs no `files` for it, podman-compose does. Raises
    `TargetError` with the CLI's words where something stays.
    """
    argv = [*cli.argv, *_project(files, project), "down", "--volumes", "--remove-orphans"]
    code, stdout, stderr = _ran(cli, [*argv, "--rmi", "local"], os.environ, _folder(files), _DOWN_S)
    if code != 0 and cli.is_podman and _NO_SUCH_OPTION in stderr:
        # Before its release 1.4.
        code, stdout, stderr = _ran(cli, argv, os.environ, _folder(files), _DOWN_S)
        for image in _built_images(read_config(cli, files, project), project):
            _ran(cli, ["podman", "rmi", image], os.environ, _folder(files))
    if code != 0:
        raise TargetError(f"{cli.name} could not take {project} down: {_last(stderr or stdout)}")


def _built_images(config: Mapping[str, Any], project: str) -> list[str]:
    """As podman-compose names those that have no name of their own."""
    bodies = {name: mapping(body) for name, body in mapping(config.get("services")).items()}
    return [f"{project}_{name}" for name, body in bodies.items() if "build" in body and "image" not in body]


def major_minor(name: str) -> tuple[int, int]:
    """Of a name with its version, such as `podman-compose 1.6.0`."""
    match = re.search(r"(\d+)\.(\d+)", name)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _project(files: Sequence[str], project: str | None) -> list[str]:
    named = ["--project-name", project] if project else []
    return [*named, *(word for file in files for word in ("--file", str(Path(file).absolute())))]


def _folder(files: Sequence[str]) -> Path | None:
    """The project's, where a CLI is called: podman-compose reads a `.env` of the current folder besides."""
    return Path(files[0]).parent if files else None


def _environment(cli: ComposeCli, variables: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in variables.items() if name not in _NOT_INHERITED}
    return {**kept, "PATH": command_path(), **cli.environment}


def _ran(
    cli: ComposeCli,
    argv: Sequence[str],
    variables: Mapping[str, str],
    folder: Path | None,
    timeout_s: float = _CONFIG_S,
) -> tuple[int, str, str]:
    """Exit code (124 where it did not end in time), stdout and stderr."""
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            cwd=folder,
            env=_environment(cli, variables),
        )
    except OSError as error:
        raise UsageError(f"{argv[0]} cannot be started: {error.strerror}.") from error
    try:
        stdout, stderr = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return 124, "", f"it did not end within {timeout_s:g} s"
    finally:
        _end(process)
    return process.returncode, stdout, stderr


def _end(process: "subprocess.Popen[str]") -> None:
    """End it and all that it started, where it has not ended."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _last(printed: str) -> str:
    lines = [" ".join(line.split()) for line in printed.splitlines() if line.strip()]
    return " ".join(lines[-_LINES_SHOWN:])[-600:] or "it printed nothing"
