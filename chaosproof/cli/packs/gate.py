"""`chaosproof gate`: ask a pack whether it shows all that a release needs.

Try it: chaosproof gate /tmp/pack; echo $?
"""

import json
from pathlib import Path

import click

from chaosproof.cli.packs.options import PATH, checked_rules, gate_file_option, profile_option, progress
from chaosproof.errors import EXIT_CODES
from chaosproof.pack.open import open_pack

__all__ = ["gate"]


@click.command()
@click.argument("pack_dir", type=PATH)
@gate_file_option
@profile_option
@click.option(
    "--perf-gates", is_flag=True, help="Require the figures as well (PERF_...), which else only warn."
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON, and nothing else.")
@click.pass_context
def gate(
    ctx: click.Context, pack_dir: Path, gate_file: Path | None, profile: str, perf_gates: bool, as_json: bool
) -> None:
    """Say whether the pack shows all that a release needs. It is verified first, and its own words are not believed.

    Exit codes: 0 when every required check is there and passes, 1 when one failed or is absent or the pack cannot be
    believed, 2 when one is not known, 64 for a wrong call.
    """
    rules = checked_rules(gate_file, profile)
    verdict = open_pack(pack_dir, rules=rules, report_progress=progress()).gate(profile, perf=perf_gates)
    if as_json:
        click.echo(json.dumps(verdict.as_json(), indent=2))
    else:
        from chaosproof.pack.pack_terminal import print_gate

        print_gate(verdict)
    ctx.exit(EXIT_CODES[verdict.status])
