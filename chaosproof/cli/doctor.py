"""`chaosproof doctor`: what faults are possible on this machine, in words, before a run needs them."""

import json
from dataclasses import asdict

import click

from chaosproof.errors import UsageError
from chaosproof.faults.backends.base import Capabilities
from chaosproof.faults.doctor import ABILITIES, capabilities, findings
from chaosproof.targets.host_command import command_path, run_to_end
from chaosproof.targets.local.enter import enter_command

__all__ = ["doctor"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def doctor(as_json: bool) -> None:
    """Say which faults this kernel can make, and what is missing for the others and for a lab.

    Tries each in a network namespace that is thrown away: as root or not, the host stays untouched.
    Exits 0 when faults by nft work, else 1.
    """
    known = capabilities(run_to_end)
    rows = findings(known)
    works = not known.lack("nft")
    lab = _lab_refusal()
    if as_json:
        abilities = {ability: known.lack(ability) or None for ability in ABILITIES}
        answer = {
            "works": works,
            "faults": [asdict(row) for row in rows],
            "missing": abilities,
            "lab": lab or None,
        }
        click.echo(json.dumps(answer, indent=2))
    else:
        for row in rows:
            click.echo(f"{row.kind:<10} {'yes, by ' + row.backend if row.backend else 'no':<17} {row.does}")
        for row in rows:
            if row.backend and row.why:
                click.echo(f"\n{row.kind}: {row.why}")
        for reason, names in _by_reason(known, lab).items():
            click.echo(f"\n{', '.join(names)}: {reason}")
    raise SystemExit(0 if works else 1)


def _lab_refusal() -> str:
    """Why no lab can be made here; empty where one can."""
    try:
        enter_command(command_path())
    except UsageError as refusal:
        return str(refusal).removesuffix(".")
    return ""


def _by_reason(known: Capabilities, lab: str) -> dict[str, list[str]]:
    """Reason -> the abilities that lack for it: what forbids namespaces forbids them all, and is said once."""
    reasons: dict[str, list[str]] = {}
    for ability in ABILITIES:
        if reason := known.lack(ability):
            reasons.setdefault(reason, []).append(ability)
    if lab:
        shared = next((reason for reason, names in reasons.items() if len(names) == len(ABILITIES)), lab)
        reasons.setdefault(shared, []).append("a lab")
    return reasons
