"""`chaosproof doctor`: what faults are possible on this machine, in words, before a run needs them."""

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict

import click

from chaosproof.faults.doctor import ABILITIES, capabilities, findings
from chaosproof.targets.target import Done

__all__ = ["doctor"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def doctor(as_json: bool) -> None:
    """Say which faults this kernel can make, and what is missing for the others.

    Tries each in a network namespace that is thrown away: as root or not, the host stays untouched.
    Exits 0 when faults by nft work, else 1.
    """
    known = capabilities(_run)
    found = findings(known)
    works = not known.lack("nft")
    if as_json:
        abilities = {ability: known.lack(ability) or None for ability in ABILITIES}
        click.echo(
            json.dumps(
                {"works": works, "faults": [asdict(one) for one in found], "missing": abilities}, indent=2
            )
        )
    else:
        for one in found:
            click.echo(f"{one.kind:<10} {'yes, by ' + one.backend if one.backend else 'no':<17} {one.does}")
        for ability in ABILITIES:
            if known.lack(ability):
                click.echo(f"\n{ability}: {known.lack(ability)}")
    raise SystemExit(0 if works else 1)


def _run(argv: Sequence[str], *, stdin: str = "", timeout_s: float = 10.0) -> Done:
    started = time.monotonic()
    try:
        done = subprocess.run(
            argv, input=stdin, capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except FileNotFoundError:
        return Done(tuple(argv), 127, "", f"{argv[0]}: not found", time.monotonic() - started)
    except subprocess.TimeoutExpired:
        return Done(tuple(argv), 124, "", f"no answer within {timeout_s:g} s", time.monotonic() - started)
    return Done(tuple(argv), done.returncode, done.stdout, done.stderr, time.monotonic() - started)
