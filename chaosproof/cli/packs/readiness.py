"""`chaosproof readiness`: how ready a pack is, from 0 to 100."""

import json
import re
import time
from pathlib import Path

import click

from chaosproof.cli.packs.options import PATH, checked_rules, gate_file_option, profile_option, progress
from chaosproof.errors import UsageError
from chaosproof.pack.gate.readiness import MAX_AGE_S
from chaosproof.pack.open import open_pack

__all__ = ["readiness"]

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d)")
_UNIT_S = {"s": 1, "min": 60, "h": 3600, "d": 86400}


@click.command()
@click.argument("pack_dir", type=PATH)
@gate_file_option
@profile_option
@click.option(
    "--max-age",
    default="24h",
    show_default=True,
    metavar="AGE",
    help="How old its runs may be: 90min, 24h, 7d.",
)
def readiness(pack_dir: Path, gate_file: Path | None, profile: str, max_age: str) -> None:
    """Print as JSON how ready the pack is, from 0 to 100, by category and over all, and what is missing.

    The score follows from the checks alone (docs/reference/verdict.md). A pack with a run older than --max-age scores
    0, and so does one that does not say what its files say. The exit code is 0 when it was computed: `gate` decides.
    """
    max_age_s = _seconds(max_age)
    rules = checked_rules(gate_file, profile)
    ready = open_pack(pack_dir, rules=rules, report_progress=progress()).readiness(
        profile, now=time.time(), max_age_s=max_age_s
    )
    click.echo(json.dumps(ready.as_json(), indent=2))


def _seconds(age: str) -> float:
    match = _AGE.fullmatch(age.strip())
    if not match:
        raise UsageError(
            f"--max-age takes a number with a unit, such as 90min, {MAX_AGE_S / 3600:g}h or 7d, not {age!r}"
        )
    return float(match.group(1)) * _UNIT_S[match.group(2)]
