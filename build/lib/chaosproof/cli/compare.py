"""`chaosproof compare`: a baseline run held against a resilient one, saved or fresh.

Try it: chaosproof compare BASELINE_DIR RESILIENT_DIR; echo $?
"""

from pathlib import Path

import click

from chaosproof.campaign.comparison import compared, comparison_folder, conclude_comparison
from chaosproof.cli.options import journals_option, run_options
from chaosproof.compare.compare import latest_run, latest_variants
from chaosproof.errors import UsageError
from chaosproof.experiment.modes import MODES

__all__ = ["compare"]


@click.command()
@click.argument(
    "runs_or_experiment",
    nargs=-1,
    required=True,
    metavar="EXPERIMENT | BASELINE_DIR RESILIENT_DIR [VARIANT_DIR]...",
)
@journals_option
@click.option(
    "--runs",
    type=click.IntRange(1, 100),
    help="Make so many fresh pairs of runs of EXPERIMENT first, at most: fewer when it is decided before.",
)
@run_options
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for compare.json, checks.tsv, junit.xml, report.html.",
)
@click.option("--json", "as_json", is_flag=True, help="Print compare.json, and nothing else.")
@click.pass_context
def compare(
    ctx: click.Context,
    /,
    runs_or_experiment: tuple[str, ...],
    journals: Path,
    runs: int | None,
    target: str | None,
    variables: tuple[str, ...],
    variable_files: tuple[str, ...],
    out: Path | None,
    as_json: bool,
) -> None:
    """Hold a baseline run against a resilient one: the latest of each of EXPERIMENT, run folders, or fresh runs.

    Runs of the experiment's variants may follow the two; of EXPERIMENT the latest are taken, and what is claimed of one
    that was never run is not judged, which is said.

    With --runs the pairs are made now, the modes in alternating order, until they prove enough or are as many as
    asked for, by --target, --var and --var-file; the test behind it stays valid however often it is looked at.

    The comparison of EXPERIMENT is written to JOURNALS/EXPERIMENT/compare/STAMP, that of folders only to
    --out. Exit codes: 0 pass, 1 fail, 2 unknown, 64 wrong call.
    """
    if runs is not None:
        if len(runs_or_experiment) != 1:
            raise UsageError(
                f"compare --runs makes fresh runs of one experiment, not of {len(runs_or_experiment)} words"
            )
        if out is not None or as_json:
            raise UsageError("compare --runs writes to the journals: leave --out and --json out")
        from chaosproof.campaign.pairs import run_series
        from chaosproof.campaign.request import run_request

        request = run_request(runs_or_experiment[0], variables, target, journals, variable_files)
        ctx.exit(run_series(request, runs))
    if target or variables or variable_files:
        raise UsageError("--target, --var and --var-file are for fresh runs: give --runs, too")
    if len(runs_or_experiment) == 1:
        folders = [latest_run(journals, runs_or_experiment[0], mode) for mode in MODES]
        folders += latest_variants(journals, runs_or_experiment[0], folders[1])
        out = out or comparison_folder(journals, runs_or_experiment[0])
    else:
        folders = [Path(folder) for folder in runs_or_experiment]
    ctx.exit(conclude_comparison(compared(folders), out, as_json=as_json))
