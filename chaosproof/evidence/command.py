"""`chaosproof judge`, `compare` and `report`: a verdict from saved files, as a table, as JSON, or as a page.

Try it: chaosproof judge journals/s4/resilient/20261121T193005Z; echo $?
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import click

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.evidence.atomic import write_whole
from chaosproof.evidence.check import Status
from chaosproof.evidence.compare import (
    Comparison,
    compare_pairs,
    compare_runs,
    latest_run,
    write_comparison,
)
from chaosproof.evidence.judge import Verdict, judge_run, write_verdict
from chaosproof.evidence.manifest import MANIFEST, changed_since, manifest_of

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
        from chaosproof.evidence.terminal import print_verdict

        print_verdict(verdict)
    if not read_only:
        write_verdict(run_dir, verdict)
    ctx.exit(EXIT_CODES[verdict.status])


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="EXPERIMENT | BASELINE_DIR RESILIENT_DIR")
@click.option(
    "--journals",
    type=click.Path(path_type=Path),
    default=Path("journals"),
    show_default=True,
    help="Where the runs of EXPERIMENT are.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for compare.json, checks.tsv, junit.xml, report.html.",
)
@click.option("--json", "as_json", is_flag=True, help="Print compare.json, and nothing else.")
@click.pass_context
def compare(
    ctx: click.Context, runs: tuple[str, ...], journals: Path, out: Path | None, as_json: bool
) -> None:
    """Hold a baseline run against a resilient one: the latest of each of EXPERIMENT, or two run folders.

    The latest runs' comparison is written to JOURNALS/EXPERIMENT/compare/STAMP, that of two folders only to
    --out. Exit codes: 0 pass, 1 fail, 2 unknown, 64 wrong call.
    """
    if len(runs) == 1:
        baseline, resilient = (latest_run(journals, runs[0], mode) for mode in ("baseline", "resilient"))
        out = out or _comparison_folder(journals, runs[0])
    elif len(runs) == 2:
        baseline, resilient = Path(runs[0]), Path(runs[1])
    else:
        raise UsageError(
            f"compare takes an experiment, or a baseline and a resilient run, not {len(runs)} words"
        )
    ctx.exit(_compare(baseline, resilient, out, as_json=as_json))


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN_DIR | BASELINE_DIR RESILIENT_DIR")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Where the page goes.")
def report(runs: tuple[str, ...], out: Path | None) -> None:
    """Make the report of a judged run, or of a baseline against a resilient one: one page that opens from disk.

    Without --out, the page of a run goes into its folder, that of a comparison to report-EXPERIMENT.html here. The
    verdict is on the page; the exit code is 0 when it was made, 64 for a wrong call.
    """
    from chaosproof.evidence.report.page import run_page
    from chaosproof.evidence.report.read import read_judged

    if len(runs) > 2:
        raise UsageError(f"report takes a run, or a baseline and a resilient run, not {len(runs)} words")
    if len(runs) == 2:
        comparison = _compared(Path(runs[0]), Path(runs[1]))
        path = out or Path(f"report-{comparison.document['experiment']}.html")
        write_whole(path, comparison.page)
    else:
        folder = Path(runs[0])
        path = out or folder / "report.html"
        write_whole(path, run_page(read_judged(folder)))
        if out is None and not changed_since(folder):
            write_whole(folder / MANIFEST, manifest_of(folder))
    click.echo(path)


def compare_folders(baseline: Path, resilient: Path, journals: Path) -> int:
    """Compare two runs that were just made, print and keep the comparison; returns the exit code."""
    out = _comparison_folder(journals, baseline.parent.parent.name)
    return _compare(baseline, resilient, out, as_json=False)


def compare_series(pairs: Sequence[tuple[Verdict, Verdict]], planned: int, journals: Path) -> int:
    """Compare the pairs of a series, of which there were to be `planned`, print and keep the comparison; returns the
    exit code.
    """
    comparison = compare_pairs(pairs, planned=planned)
    out = _comparison_folder(journals, str(comparison.document["experiment"]))
    return _concluded(comparison, out, as_json=False)


def _comparison_folder(journals: Path, experiment: str) -> Path:
    return journals / experiment / "compare" / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())


def _compare(baseline: Path, resilient: Path, out: Path | None, *, as_json: bool) -> int:
    return _concluded(_compared(baseline, resilient), out, as_json=as_json)


def _concluded(comparison: Comparison, out: Path | None, *, as_json: bool) -> int:
    """Print the comparison, write it to `out` if that is given; returns the exit code."""
    if as_json:
        click.echo(json.dumps(comparison.document, indent=2))
    else:
        from chaosproof.evidence.terminal import print_comparison

        print_comparison(comparison)
    if out is not None:
        write_comparison(out, comparison)
        click.echo(f"written to {out}", err=True)
    return EXIT_CODES[comparison.status]


def _compared(baseline: Path, resilient: Path) -> Comparison:
    try:
        return compare_runs(baseline, resilient)
    except UsageError:
        raise
    except ChaosproofError as error:
        # two runs that cannot be compared are the caller's mistake, not a verdict
        raise UsageError(str(error)) from error
