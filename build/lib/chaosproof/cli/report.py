"""`chaosproof report`: a run, or a comparison, as a page.

Try it: chaosproof report RUN_DIR
"""

from pathlib import Path

import click

from chaosproof.campaign.comparison import compared
from chaosproof.report.write import page_of
from chaosproof.runfolder.manifest import MANIFEST, changed_since, manifest_of
from chaosproof.runfolder.paths import write_whole

__all__ = ["report"]


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
        comparison = compared([Path(folder) for folder in runs])
        path = out or Path(f"report-{comparison.document['experiment']}.html")
        write_whole(path, page_of(comparison))
    else:
        folder = Path(runs[0])
        path = out or folder / "report.html"
        write_whole(path, run_page(read_judged(folder)))
        if out is None and not changed_since(folder):
            write_whole(folder / MANIFEST, manifest_of(folder))
    click.echo(path)
