"""`chaosproof drill`: one experiment in both modes, then the comparison. `./run NAME` is `chaosproof drill NAME`."""

from collections.abc import Sequence
from pathlib import Path

import click

from chaosproof.campaign.pairs import run_one, run_pair, run_series
from chaosproof.campaign.request import run_request
from chaosproof.cli.options import journals_option, run_options
from chaosproof.errors import EXIT_CODES

__all__ = ["drill"]


@click.command()
@click.argument("experiment")
@run_options
@click.option(
    "--runs",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="How many pairs of runs, at most: fewer when it is decided before.",
)
@journals_option
@click.pass_context
def drill(
    ctx: click.Context,
    /,
    experiment: str,
    target: str | None,
    variables: Sequence[str],
    variable_files: Sequence[str],
    runs: int,
    journals: Path,
) -> None:
    """Run EXPERIMENT (a name or a file) in both modes and in its variants, then compare the runs.

    An experiment whose extension says `"modes": ["resilient"]` has nothing to be compared with: it is run once, and its
    verdict is the drill's.

    Exit codes: 0 when the same fault breaks the baseline and spares the resilient mode, 1 when it does not,
    2 when that is not known, 64 for a wrong call.
    """
    request = run_request(experiment, variables, target, journals, variable_files)
    if runs > 1:
        ctx.exit(run_series(request, runs))
    if len(request.modes) == 1:
        folder = run_one(request)
        # Imported late: the lab should start first.
        from chaosproof.judge.judge import judge_run

        ctx.exit(EXIT_CODES[judge_run(folder).status])
    folders = run_pair(request)
    from chaosproof.campaign.comparison import compared, keep_comparison

    ctx.exit(keep_comparison(compared(list(folders.values())), journals))
