"""Options that several commands have."""

import click

__all__ = ["var_file_option"]

var_file_option = click.option(
    "--var-file",
    "variable_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False),
    help="Variables in a file, as of chaos run; --var stands above it.",
)
