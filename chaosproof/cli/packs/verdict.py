"""`chaosproof verdict`: four lines, for a comment on a change or the summary of a job.

Try it: chaosproof verdict journals
"""

from pathlib import Path

import click

from chaosproof.cli.packs.options import PATH, checked_rules, gate_file_option, profile_option

__all__ = ["verdict"]


@click.command()
@click.argument("folder", type=PATH)
@gate_file_option
@profile_option
def verdict(folder: Path, gate_file: Path | None, profile: str) -> None:
    """Say in four lines of Markdown what FOLDER shows: a pack, a comparison, a run, or the newest of these below it.

    Runs are judged again from their files, a pack is verified, and asked by the gate. The exit code is 0 when it was
    said, whatever it is: `judge`, `compare` and `gate` decide. 64 where there is nothing to say.
    """
    # Imported late: --help needs none of it.
    from chaosproof.pack.documents.headlines import headline_of
    from chaosproof.report.formats.comment import comment

    rules = checked_rules(gate_file, profile) if gate_file else None
    click.echo(comment(headline_of(folder, rules, profile)), nl=False)
