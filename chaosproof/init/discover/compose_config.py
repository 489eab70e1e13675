"""A Compose file, as the Compose CLI reads it: its `config` resolves anchors, includes, profiles and variables.

A lab runs programs of this machine, not images: a service that names no command that is here is left out, and named.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaosproof.errors import UsageError
from chaosproof.init.discover.command_line import service_name
from chaosproof.init.survey import LeftOut, Program, Survey
from chaosproof.json_access import mapping, sequence, text
from chaosproof.targets.containers.compose.choose_cli import Run, find_any_compose
from chaosproof.targets.containers.compose.cli import read_config
from chaosproof.targets.containers.compose.project_files import files_of_folder
from chaosproof.targets.containers.compose.system import environment_of, ports_of, words_of

__all__ = ["compose_file", "read_compose", "survey_of_config"]


def compose_file(folder: Path) -> Path | None:
    """The Compose file of a folder, by Compose's own order of names; `None` where there is none."""
    names = files_of_folder(folder)
    return folder / names[0] if names else None


def read_compose(folder: Path, run: Run) -> Mapping[str, Any] | None:
    """What the Compose CLI says of the folder's files; `None` where no Compose CLI is here.

    Raises `UsageError` where it refuses them.
    """
    try:
        cli = find_any_compose(run)
    except UsageError:
        return None
    return read_config(cli, [str(folder.resolve() / name) for name in files_of_folder(folder)])


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
        command = (*words_of(body.get("entrypoint")), *words_of(body.get("command")))
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
                environment=environment_of(body),
                ports=ports_of(body),
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
        return (
            f"a lab runs programs of this machine, not images, and only {image} knows its command; {give}, or test "
            "the containers themselves: chaosproof init --target containers"
        )
    if not is_here(command[0]):
        return f"this machine has no command {command[0]!r}; install it, or {give}"
    return ""


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
