"""What the commands about a pack share: options, the rules that they ask for, and progress."""

import time
from pathlib import Path

import click

from chaosproof.pack.gate.rules import Rules, read_rules
from chaosproof.pack.judged import Progress

__all__ = ["PATH", "checked_rules", "gate_file_option", "profile_option", "progress"]

PATH = click.Path(path_type=Path)
gate_file_option = click.option(
    "--gate-file",
    type=PATH,
    help="What is required, in a file of your own (default: experiments/gate.yaml).",
)
profile_option = click.option(
    "--profile", default="all", show_default=True, help="Which part of the gate file to ask for."
)


def checked_rules(gate_file: Path | None, profile: str) -> Rules:
    """The rules, with the profile known to be there before anything takes time."""
    rules = read_rules(gate_file)
    rules.required(profile)
    return rules


def progress() -> Progress:
    """Says what is being done once it has taken two seconds."""
    began = time.monotonic()

    def report_progress(message: str) -> None:
        if time.monotonic() - began > 2:
            click.echo(f"... {message}", err=True)

    return report_progress
