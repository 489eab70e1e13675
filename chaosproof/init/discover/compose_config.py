"""A Compose file, as the Compose CLI reads it: its `config` resolves anchors, includes, profiles and variables.

A lab runs programs of this machine, not images: a service that names no command that is here is left out, and named.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.init.discover.command_line import service_name
from chaosproof.init.survey import LeftOut, Program, Survey
from chaosproof.json_access import mapping, mappings, sequence, text, whole
from chaosproof.targets.base import CommandResult

__all__ = ["compose_file", "read_compose", "survey_of_config"]

_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_COMMANDS = (("docker", "compose"), ("docker-compose",), ("podman", "compose"))


def compose_file(folder: Path) -> Path | None:
    """The Compose file of a folder, by Compose's own order of names; `None` where there is none."""
    return next((folder / name for name in _FILES if (folder / name).is_file()), None)


def read_compose(file: Path, run: Callable[[Sequence[str]], CommandResult]) -> Mapping[str, Any] | None:
    """What `config --format json` says of the file; `None` where no Compose CLI is here.

    Raises `UsageError` where it refuses the file.
    """
    for command in _COMMANDS:
        if run([*command, "version"]).exit_code != 0:
            continue
        done = run([*command, "-f", str(file), "config", "--format", "json"])
        if done.exit_code != 0:
            message = " ".join((done.stderr or done.stdout).split())[:300]
            raise UsageError(f"{' '.join(command)} config refuses {file.name}: {message}")
        try:
            config = json.loads(done.stdout)
        except ValueError as error:
            raise UsageError(
                f"{' '.join(command)} config --format json gave no JSON of {file.name}: {error}."
            ) from error
        return mapping(config)
    return None


def survey_of_config(
    config: Mapping[str, Any], folder: Path, is_here: Callable[[str], bool], named: Sequence[str] = ()
) -> Survey:
    """The programs of a Compose file; `is_here` says whether this machine has a command.

    Of the services in `named` the command is given elsewhere, so that they need none here.
    """
    programs: list[Program] = []
    left_out: list[LeftOut] = []
    for name, raw in mapping(config.get("services")).items():
        body = mapping(raw)
        command = tuple(_command_of(body.get("entrypoint"))) + tuple(_command_of(body.get("command")))
        written = service_name(str(name))
        why = "" if written in named else _why_not(written, command, body, is_here)
        if why:
            left_out.append(LeftOut(f"{name} of the Compose file", why))
            continue
        programs.append(
            Program(
                written,
                command,
                "the Compose file",
                working_dir=_folder(body, folder),
                environment=dict(_environment(body.get("environment"))),
                ports=_ports(body),
                needs=tuple(map(service_name, _needs(body.get("depends_on")))),
            )
        )
    known = {program.name for program in programs}
    return Survey(tuple(_without(program, known) for program in programs), left_out=tuple(left_out))


def _why_not(
    name: str, command: tuple[str, ...], body: Mapping[str, Any], is_here: Callable[[str], bool]
) -> str:
    give = f"say how this machine starts it: --service '{name}=COMMAND'"
    if not command:
        image = text(body.get("image")) or "its image"
        return f"a lab runs programs of this machine, not images, and only {image} knows its command; {give}"
    if not is_here(command[0]):
        return f"this machine has no command {command[0]!r}; install it, or {give}"
    return ""


def _command_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from value.split()
    else:
        # Compose writes a dollar that is meant for the program twice
        yield from (str(word).replace("$$", "$") for word in sequence(value))


def _environment(value: Any) -> Iterator[tuple[str, str]]:
    for name, setting in mapping(value).items():
        if setting is not None:
            yield str(name), str(setting).replace("$$", "$")


def _ports(body: Mapping[str, Any]) -> tuple[int, ...]:
    """The ports inside, those that are published and those that are only exposed."""
    targets = [whole(entry.get("target")) for entry in mappings(body.get("ports"))]
    exposed = [int(port) for port in map(str, sequence(body.get("expose"))) if port.isdigit()]
    return tuple(dict.fromkeys(port for port in (*targets, *exposed) if port))


def _needs(value: Any) -> list[str]:
    return [str(name) for name in (mapping(value) or sequence(value))]


def _folder(body: Mapping[str, Any], folder: Path) -> str:
    """Where the program's files are on this machine: the context that its image is built from, else beside the file."""
    context = text(mapping(body.get("build")).get("context"))
    if not context or not Path(context).is_dir():
        return "."
    path = Path(context).resolve()
    return str(path.relative_to(folder.resolve())) if path.is_relative_to(folder.resolve()) else str(path)


def _without(program: Program, known: set[str]) -> Program:
    """The program without needs that nobody meets, since they were left out."""
    return replace(program, needs=tuple(name for name in program.needs if name in known))
