"""What the commands about a pack share: options, the rules that they ask for, and progress."""

import re
import time
from pathlib import Path

import click

from chaosproof.errors import UsageError
from chaosproof.pack.gate.readiness import MAX_AGE_S
from chaosproof.pack.gate.rules import Rules, read_rules
from chaosproof.pack.judged import Progress

__all__ = ["PATH", "checked_rules", "gate_file_option", "max_age_option", "profile_option", "progress"]

PATH = click.Path(path_type=Path)
gate_file_option = click.option(
    "--gate-file",
    type=PATH,
    help="What is required, in a file of your own (default: experiments/gate.yaml).",
)
profile_option = click.option(
    "--profile", default="all", show_default=True, help="Which part of the gate file to ask for."
)
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)")
_UNIT_S = {"s": 1, "min": 60, "h": 3600, "d": 86400}


def _seconds(ctx: click.Context, parameter: click.Parameter, age: str) -> float:
    match = _AGE.fullmatch(age.strip())
    if not match:
        raise UsageError(
            f"--max-age takes a number with a unit, such as 90min, {MAX_AGE_S / 3600:g}h or 7d, not {age!r}"
        )
    return float(match.group(1)) * _UNIT_S[match.group(2)]


max_age_option = click.option(
    "--max-age",
    "max_age_s",
    default="24h",
    show_default=True,
    metavar="AGE",
    callback=_seconds,
    help="How old its runs may be: 90min, 24h, 7d.",
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
