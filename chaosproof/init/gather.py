"""What is here: the programs of a folder, of its Compose file or Procfile, of options, and those that run already."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from chaosproof.errors import UsageError
from chaosproof.init.discover.command_line import named_command
from chaosproof.init.discover.compose_config import compose_file, read_compose, survey_of_config
from chaosproof.init.discover.mentions import mentioned_edges
from chaosproof.init.discover.procfile import read_procfile
from chaosproof.init.discover.running import (
    CONNECTED,
    LISTENING,
    RunningProgram,
    described,
    running_programs,
    survey_of_processes,
)
from chaosproof.init.edges import read_edge
from chaosproof.init.survey import LeftOut, Program, Survey
from chaosproof.targets.base import CommandResult
from chaosproof.targets.host_command import command_path

__all__ = ["gather", "is_something_here"]

_PYTHONS = ("python", "python3")
_OWN_PYTHONS = (".venv/bin/python", "venv/bin/python")

Run = Callable[[Sequence[str]], CommandResult]


def is_something_here(folder: Path) -> bool:
    """Whether the folder has a file that names programs."""
    return compose_file(folder) is not None or (folder / "Procfile").is_file()


def gather(
    folder: Path, *, services: Sequence[str], processes: Sequence[str], calls: Sequence[str], run: Run
) -> Survey:
    """The programs of `folder`; `services` (NAME=COMMAND) stand above its files, `processes` (NAME=PID) beside them.

    `calls` (CALLER=SERVICE:PORT) are edges that are told. Raises `UsageError` with what to say where nothing is here.
    """
    named = [named_command(text) for text in services]
    names = [program.name for program in named]
    survey = _of_processes(folder, processes, names, run) if processes else _of_files(folder, names, run)
    programs = tuple(_with_own_python(p, folder) for p in _with_commands(survey.programs, named))
    if not programs:
        raise UsageError(_nothing_here(survey, run))
    every_name = [program.name for program in programs]
    stated = [read_edge(text, every_name) for text in calls]
    edges = tuple(dict.fromkeys([*stated, *survey.edges, *mentioned_edges(programs)]))
    return replace(survey, programs=programs, edges=edges)


def _of_files(folder: Path, names: Sequence[str], run: Run) -> Survey:
    file = compose_file(folder)
    if file is None:
        return _of_procfile(folder)
    config = read_compose(folder, run)
    if config is not None:
        has_command = partial(_is_here, folder=folder)
        return survey_of_config(config, folder, has_command, names)
    missing = f"{file.name} is read by the Compose CLI (docker compose config), and none is here"
    if not names and not (folder / "Procfile").is_file():
        raise UsageError(
            f"{missing}. Install it, or name the programs yourself: chaosproof init --service NAME=COMMAND ..."
        )
    survey = _of_procfile(folder)
    return replace(survey, left_out=(*survey.left_out, LeftOut(file.name, missing)))


def _of_procfile(folder: Path) -> Survey:
    file = folder / "Procfile"
    if not file.is_file():
        return Survey()
    env_files = (".env",) if (folder / ".env").is_file() else ()
    return read_procfile(file.read_text(encoding="utf-8"), env_files)


def _of_processes(folder: Path, processes: Sequence[str], names: Sequence[str], run: Run) -> Survey:
    chosen = []
    for text in processes:
        name, equals, pid = text.partition("=")
        if not equals or not pid.isdigit():
            raise UsageError(f"--process takes NAME=PID, such as --process shop=4711, not {text!r}.")
        chosen.append((name, int(pid)))
    return survey_of_processes(chosen, _running(run), folder=folder, with_command=names)


def _running(run: Run) -> tuple[RunningProgram, ...]:
    listening, connected = run(LISTENING), run(CONNECTED)
    if listening.exit_code or connected.exit_code:
        return ()
    return running_programs(listening.stdout, connected.stdout)


def _with_commands(programs: Sequence[Program], named: Sequence[Program]) -> tuple[Program, ...]:
    """The programs, of which those that are `named` are started so, and what is named alone."""
    by_name = {program.name: program for program in programs}
    for program in named:
        known = by_name.get(program.name)
        by_name[program.name] = (
            replace(
                known,
                command=program.command,
                source=program.source,
                environment={**known.environment, **program.environment},
            )
            if known
            else program
        )
    return tuple(by_name.values())


def _with_own_python(program: Program, folder: Path) -> Program:
    """The program by the Python of the folder's own environment: a lab's `python` is the one that runs this."""
    python, *arguments = program.command
    if python not in _PYTHONS or program.working_dir != ".":
        return program
    own = next((name for name in _OWN_PYTHONS if (folder / name).is_file()), python)
    return replace(program, command=(own, *arguments))


def _nothing_here(survey: Survey, run: Run) -> str:
    left_out = "".join(f" {item.what}: {item.why}." for item in survey.left_out)
    running = "".join(f"\n  {line}" for line in described(_running(run)))
    choose = f" Or choose of those that run here, by --process NAME=PID for each:{running}" if running else ""
    return (
        f"There is no program to start: no Compose file and no Procfile names one.{left_out} Say how each is started: "
        f"chaosproof init --service 'shop=python shop.py' --service 'stock=...'.{choose}"
    )


def _is_here(command: str, *, folder: Path) -> bool:
    file = str(folder / command) if "/" in command else command
    return shutil.which(file, path=command_path()) is not None
