"""The comparison of runs that were just made, or were saved: printed, kept, and said by an exit code."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import click

from chaosproof.compare.compare import Comparison, compare_runs
from chaosproof.errors import EXIT_CODES, ChaosproofError, UsageError
from chaosproof.report.write import write_comparison

__all__ = ["compared", "comparison_folder", "conclude_comparison", "keep_comparison"]


def keep_comparison(comparison: Comparison, journals: Path) -> int:
    """Print a comparison of runs that were just made, and keep it below `journals`; returns the exit code."""
    return conclude_comparison(
        comparison, comparison_folder(journals, str(comparison.document["experiment"]))
    )


def comparison_folder(journals: Path, experiment: str) -> Path:
    """Where a comparison that is made now is kept."""
    return journals / experiment / "compare" / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())


def conclude_comparison(comparison: Comparison, out: Path | None, *, as_json: bool = False) -> int:
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


def compared(folders: Sequence[Path]) -> Comparison:
    """The comparison of a baseline, a resilient run and runs of variants, in this order; `UsageError` for others."""
    baseline, resilient, *variants = folders
    try:
        return compare_runs(baseline, resilient, *variants)
    except UsageError:
        raise
    except ChaosproofError as error:
        # two runs that cannot be compared are the caller's mistake, not a verdict
        raise UsageError(str(error)) from error
