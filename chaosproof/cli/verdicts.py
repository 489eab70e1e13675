"""`chaosproof judge`, `compare` and `report`: a verdict from saved files, as a table, as JSON, or as a page.

Try it: chaosproof judge journals/s4/resilient/20261121T193005Z; echo $?
"""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from chaosproof.compare.compare import (
    Comparison,
    compare_pairs,
    compare_runs,
    latest_run,
    latest_variants,
)
from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.experiment.modes import MODES
from chaosproof.judge.judge import Verdict, judge_run
from chaosproof.report.write import page_of, write_comparison, write_verdict
from chaosproof.runfolder.atomic import write_whole
from chaosproof.runfolder.checks import Status
from chaosproof.runfolder.manifest import MANIFEST, changed_since, manifest_of

__all__ = ["EXIT_CODES", "compare", "compare_folders", "compare_series", "judge", "report"]

EXIT_CODES: dict[Status, int] = {"pass": 0, "fail": 1, "unknown": 2}


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print summary.json with the checks, and nothing else.")
@click.option("--read-only", is_flag=True, help="Write nothing to the folder.")
@click.pass_context
def judge(ctx: click.Context, run_dir: Path, as_json: bool, read_only: bool) -> None:
    """Judge a saved run again, from the files of RUN_DIR alone.

    Exit codes: 0 pass, 1 fail, 2 unknown, 64 wrong call.
    """
    verdict = judge_run(run_dir)
    if as_json:
        checks = [
            {"id": c.id, "status": c.status, "details": c.details, "evidence": c.evidence}
            for c in verdict.checks
        ]
        click.echo(json.dumps({**verdict.summary, "run": str(run_dir), "check_list": checks}, indent=2))
    else:
        from chaosproof.report.formats.terminal import print_verdict

        print_verdict(verdict)
    if not read_only:
        write_verdict(run_dir, verdict)
    ctx.exit(EXIT_CODES[verdict.status])


@click.command()
@click.argument(
    "words", nargs=-1, required=True, metavar="EXPERIMENT | BASELINE_DIR RESILIENT_DIR [VARIANT_DIR]..."
)
@click.option(
    "--journals",
    type=click.Path(path_type=Path),
    default=Path("journals"),
    show_default=True,
    help="Where the runs of EXPERIMENT are.",
)
@click.option(
    "--runs",
    type=click.IntRange(1, 100),
    help="Make so many fresh pairs of runs of EXPERIMENT first, at most: fewer when it is decided before.",
)
@click.option("--target", help="With --runs, where to run: local (default) or kubernetes.")
@click.option(
    "--var", "variables", multiple=True, metavar="NAME=VALUE", help="With --runs, override a variable."
)
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
    words: tuple[str, ...],
    journals: Path,
    runs: int | None,
    target: str | None,
    variables: tuple[str, ...],
    out: Path | None,
    as_json: bool,
) -> None:
    """Hold a baseline run against a resilient one: the latest of each of EXPERIMENT, run folders, or fresh runs.

    Runs of the experiment's variants may follow the two; of EXPERIMENT the latest are taken, and what is claimed of one
    that was never run is not judged, which is said.

    With --runs the pairs are made now, the modes in alternating order, until they prove enough or are as many as
    asked for; the test behind it stays valid however often it is looked at.

    The comparison of EXPERIMENT is written to JOURNALS/EXPERIMENT/compare/STAMP, that of folders only to
    --out. Exit codes: 0 pass, 1 fail, 2 unknown, 64 wrong call.
    """
    if runs is not None:
        if len(words) != 1:
            raise UsageError(f"compare --runs makes fresh runs of one experiment, not of {len(words)} words")
        if out is not None or as_json:
            raise UsageError("compare --runs writes to the journals: leave --out and --json out")
        from chaosproof.campaign.pairs import run_series
        from chaosproof.campaign.request import run_request

        ctx.exit(run_series(run_request(words[0], variables, target, journals), runs))
    if target or variables:
        raise UsageError("--target and --var are for fresh runs: give --runs, too")
    if len(words) == 1:
        folders = [latest_run(journals, words[0], mode) for mode in MODES]
        folders += latest_variants(journals, words[0], folders[1])
        out = out or _comparison_folder(journals, words[0])
    else:
        folders = [Path(word) for word in words]
    ctx.exit(_compare(folders, out, as_json=as_json))


@click.command()
@click.argument(
    "runs", nargs=-1, required=True, metavar="RUN_DIR | BASELINE_DIR RESILIENT_DIR [VARIANT_DIR]..."
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where the page goes.")
def report(runs: tuple[str, ...], out: Path | None) -> None:
    """Make the report of a judged run, or of a baseline against a resilient one: one page that opens from disk.

    Without --out, the page of a run goes into its folder, that of a comparison to report-EXPERIMENT.html here. The
    verdict is on the page; the exit code is 0 when it was made, 64 for a wrong call.
    """
    from chaosproof.report.page import run_page
    from chaosproof.report.run_files import read_judged

    if len(runs) > 1:
        comparison = _compared([Path(word) for word in runs])
        path = out or Path(f"report-{comparison.document['experiment']}.html")
        write_whole(path, page_of(comparison))
    else:
        folder = Path(runs[0])
        path = out or folder / "report.html"
        write_whole(path, run_page(read_judged(folder)))
        if out is None and not changed_since(folder):
            write_whole(folder / MANIFEST, manifest_of(folder))
    click.echo(path)


def compare_folders(folders: Sequence[Path], journals: Path) -> int:
    """Compare a baseline, a resilient run and those of variants that were just made, print and keep the comparison;
    returns the exit code.
    """
    out = _comparison_folder(journals, folders[0].parent.parent.name)
    return _compare(folders, out, as_json=False)


def compare_series(
    pairs: Sequence[tuple[Verdict, Verdict]],
    planned: int,
    journals: Path,
    variants: Sequence[Mapping[str, Verdict]] = (),
) -> int:
    """Compare the pairs of a series, of which there were to be `planned`, and the `variants` that were run with each of
    them; print and keep the comparison; returns the exit code.
    """
    comparison = compare_pairs(pairs, variants, planned=planned)
    out = _comparison_folder(journals, str(comparison.document["experiment"]))
    return _concluded(comparison, out, as_json=False)


def _comparison_folder(journals: Path, experiment: str) -> Path:
    return journals / experiment / "compare" / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())


def _compare(folders: Sequence[Path], out: Path | None, *, as_json: bool) -> int:
    return _concluded(_compared(folders), out, as_json=as_json)


def _concluded(comparison: Comparison, out: Path | None, *, as_json: bool) -> int:
    """Print the comparison, write it to `out` if that is given; returns the exit code."""
    if as_json:
        click.echo(json.dumps(comparison.document, indent=2))
    else:
        from chaosproof.report.formats.terminal import print_comparison

        print_comparison(comparison)
    if out is not None:
        write_comparison(out, comparison)
        click.echo(f"written to {out}", err=True)
    return EXIT_CODES[comparison.status]


def _compared(folders: Sequence[Path]) -> Comparison:
    baseline, resilient, *variants = folders
    try:
        return compare_runs(baseline, resilient, *variants)
    except UsageError:
        raise
    except ChaosproofError as error:
        # two runs that cannot be compared are the caller's mistake, not a verdict
        raise UsageError(str(error)) from error
