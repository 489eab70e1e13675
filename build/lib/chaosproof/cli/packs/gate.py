"""`chaosproof gate`: ask a pack whether it shows all that a release needs.

Try it: chaosproof gate /tmp/pack; echo $?
"""

import json
import re
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
from chaosproof.errors import EXIT_CODES, UsageError
from chaosproof.pack.open import open_pack
from chaosproof.runfolder.provenance import git_commit

__all__ = ["gate"]


@click.command()
@click.argument("pack_dir", type=PATH)
@gate_file_option
@profile_option
@click.option(
    "--perf-gates", is_flag=True, help="Require the figures as well (PERF_...), which else only warn."
)
@max_age_option
@click.option(
    "--commit",
    default=None,
    metavar="COMMIT",
    help="The commit that is to be released, which every run must be of: its hash, or its beginning. Default: that of "
    "the current folder, where there is one. any: whichever it is.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON, and nothing else.")
@click.pass_context
def gate(
    ctx: click.Context,
    pack_dir: Path,
    gate_file: Path | None,
    profile: str,
    perf_gates: bool,
    max_age_s: float,
    commit: str | None,
    as_json: bool,
) -> None:
    """Say whether the pack shows all that a release needs. It is verified first, and its own words are not believed;
    its runs must be of this release: of --commit, and no older than --max-age.

    Exit codes: 0 when every required check is there and passes, 1 when one failed or is absent or the pack cannot be
    believed, 2 when one is not known, 64 for a wrong call.
    """
    rules = checked_rules(gate_file, profile)
    wanted = _commit(commit)
    opened = open_pack(pack_dir, rules=rules, report_progress=progress())
    verdict = opened.gate(profile, perf=perf_gates, now=time.time(), max_age_s=max_age_s, commit=wanted)
    if as_json:
        click.echo(json.dumps(verdict.as_json(), indent=2))
    else:
        from chaosproof.pack.pack_terminal import print_gate

        print_gate(verdict)
    ctx.exit(EXIT_CODES[verdict.status])


def _commit(named: str | None) -> str:
    """The commit that is asked for; empty where none is."""
    if named is None:
        return git_commit(Path.cwd())[0] or ""
    if named == "any":
        return ""
    if not re.fullmatch(r"[0-9a-f]{7,64}", named):
        raise UsageError(
            f"--commit takes the hash of a commit, at least 7 digits of it (git rev-parse HEAD), or any, not {named!r}"
        )
    return named
