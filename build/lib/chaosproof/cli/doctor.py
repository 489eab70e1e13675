"""`chaosproof doctor`: what faults are possible on this machine, in words, before a run needs them."""

import json
from dataclasses import asdict

import click

from chaosproof.faults.doctor import ABILITIES, capabilities, findings
from chaosproof.targets.host_command import run_to_end

__all__ = ["doctor"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def doctor(as_json: bool) -> None:
    """Say which faults this kernel can make, and what is missing for the others.

    Tries each in a network namespace that is thrown away: as root or not, the host stays untouched.
    Exits 0 when faults by nft work, else 1.
    """
    known = capabilities(run_to_end)
    rows = findings(known)
    works = not known.lack("nft")
    if as_json:
        abilities = {ability: known.lack(ability) or None for ability in ABILITIES}
        click.echo(
            json.dumps(
                {"works": works, "faults": [asdict(row) for row in rows], "missing": abilities}, indent=2
            )
        )
    else:
        for row in rows:
            click.echo(f"{row.kind:<10} {'yes, by ' + row.backend if row.backend else 'no':<17} {row.does}")
        for row in rows:
            if row.backend and row.why:
                click.echo(f"\n{row.kind}: {row.why}")
        for ability in ABILITIES:
            if known.lack(ability):
                click.echo(f"\n{ability}: {known.lack(ability)}")
    raise SystemExit(0 if works else 1)
