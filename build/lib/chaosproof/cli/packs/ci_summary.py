"""`chaosproof ci-summary`: what a CI job shows of a pack, on a line of the experiment and in the job's summary.

Try it: chaosproof ci-summary journals/all/STAMP/pack
"""

import os
import time
from pathlib import Path

import click

from chaosproof.errors import ChaosproofError
from chaosproof.pack.documents.pack_overview import overview_of
from chaosproof.pack.open import open_pack
from chaosproof.report.formats.ci import annotations, step_summary

__all__ = ["ci_summary"]


@click.command("ci-summary")
@click.argument("pack_dir", type=click.Path(path_type=Path))
@click.option("--profile", default="all", show_default=True, help="Which part of the gate file to ask for.")
def ci_summary(pack_dir: Path, profile: str) -> None:
    """Show the gate over PACK_DIR where people look: annotations on stdout, a table in the job's summary.

    With GITHUB_ACTIONS=true annotations are printed as GitHub's workflow commands; the table goes to the file that
    GITHUB_STEP_SUMMARY names, and to stdout where there is none. The exit code is 0 when it was shown: `gate` decides.
    """
    opened = open_pack(pack_dir)
    if opened.pack is None:
        raise ChaosproofError(f"{pack_dir} cannot be shown: {'; '.join(opened.verification.problems)}")
    now = time.time()
    shown = overview_of(opened.pack, opened.gate(profile, now=now), opened.readiness(profile, now=now))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in annotations(shown):
            click.echo(line)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not summary:
        click.echo(step_summary(shown), nl=False)
        return
    try:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(step_summary(shown))
    except OSError as error:
        raise ChaosproofError(f"cannot write the job's summary to {summary}: {error.strerror}") from error
