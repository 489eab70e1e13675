"""Options that several commands have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = ["journals_option", "run_options"]

Command = Callable[..., Any]

journals_option = click.option(
    "--journals",
    type=click.Path(path_type=Path),
    default=Path("journals"),
    show_default=True,
    help="Where the folders of runs are.",
)
_RUN_OPTIONS = (
    click.option("--target", help="Where to run: local (default), containers or kubernetes."),
    click.option(
        "--var", "variables", multiple=True, metavar="NAME=VALUE", help="Override a variable of a run."
    ),
    click.option(
        "--var-file",
        "variable_files",
        multiple=True,
        type=click.Path(exists=True, dir_okay=False),
        help="Variables in a file, as of chaos run; --var stands above it.",
    ),
)


def run_options(command: Command) -> Command:
    """Where a command's runs run, and by which variables: `--target`, `--var`, `--var-file`."""
    for option in reversed(_RUN_OPTIONS):
        command = option(command)
    return command
