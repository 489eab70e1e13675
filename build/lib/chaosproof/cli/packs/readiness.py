"""`chaosproof readiness`: how ready a pack is, from 0 to 100."""

import json
import time
from pathlib import Path

import click

from chaosproof.cli.packs.options import (
    PATH,
    checked_rules,
    gate_file_option,
    max_age_option,
    profile_option,
    progress,
)
from chaosproof.pack.open import open_pack

__all__ = ["readiness"]


@click.command()
@click.argument("pack_dir", type=PATH)
@gate_file_option
@profile_option
@max_age_option
def readiness(pack_dir: Path, gate_file: Path | None, profile: str, max_age_s: float) -> None:
    """Print as JSON how ready the pack is, from 0 to 100, by category and over all, and what is missing.

    The score follows from the checks alone (docs/reference/verdict.md). A pack with a run older than --max-age scores
    0, and so does one that does not say what its files say. The exit code is 0 when it was computed: `gate` decides.
    """
    rules = checked_rules(gate_file, profile)
    ready = open_pack(pack_dir, rules=rules, report_progress=progress()).readiness(
        profile, now=time.time(), max_age_s=max_age_s
    )
    click.echo(json.dumps(ready.as_json(), indent=2))
