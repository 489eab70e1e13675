"""`chaosproof all`, which is `./run all`: every drill, then the pack, its gate, its readiness and one page over all.

Try it: ./run all
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import click

from chaosproof.campaign.all import (
    chosen,
    describe_lanes,
    drill_with,
    drills_of,
    lanes_for,
    profile_of,
    run_drills,
)
from chaosproof.cli.options import run_options
from chaosproof.errors import EXIT_CODES, UsageError
from chaosproof.pack.gate.rules import read_rules

__all__ = ["all_drills"]


@click.command("all")
@click.option("--only", metavar="NAME,NAME,...", help="These experiments, instead of all of them.")
@run_options
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the runs and the pack; must not exist. Default: journals/all/STAMP.",
)
@click.option("--profile", default=None, help="The gate's profile. Default: all, or that of the only one.")
@click.pass_context
def all_drills(
    ctx: click.Context,
    /,
    only: str | None,
    target: str | None,
    variables: Sequence[str],
    variable_files: Sequence[str],
    out: Path | None,
    profile: str | None,
) -> None:
    """Run every drill that experiments/gate.yaml names, and put what they prove into one evidence pack.

    OUT/EXPERIMENT/MODE/STAMP are the run folders, OUT/pack is the pack; its report.html is the page over all of them.

    Exit codes: those of the gate over the pack: 0 only when every required check passed, 1 when one failed or is
    missing, 2 when one is not known, 64 for a wrong call.
    """
    # Imported late: the first lab should start at once.
    from chaosproof.campaign.conclude import pack_and_gate
    from chaosproof.pack.pack_terminal import print_gate

    # What the gate will ask for is known before anything is run.
    rules = read_rules()
    names = chosen(only, drills_of(rules))
    profile = profile or profile_of(names)
    rules.required(profile)
    root = out or Path("journals") / "all" / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    if root.exists():
        raise UsageError(f"{root} is there already; name a folder that is not, so that no older run gets in.")
    root.mkdir(parents=True)
    shared = [*variables, *([f"target={target}"] if target else [])]
    cores = len(os.sched_getaffinity(0))
    lanes = lanes_for(cores)
    click.echo(describe_lanes(lanes, cores), err=True)
    results = run_drills(names, root, lanes, drill_with(shared, variable_files))
    for result in results:
        click.echo(f"{result.experiment:4} exit {result.exit_code}  {result.duration_s:6.1f} s", err=True)
    verdict = pack_and_gate(
        root,
        root / "pack",
        profile=profile,
        now=time.time(),
        report_progress=lambda step: click.echo(f"... {step}", err=True),
    )
    print_gate(verdict)
    click.echo(f"{root / 'pack' / 'report.html'}")
    ctx.exit(EXIT_CODES[verdict.status])
