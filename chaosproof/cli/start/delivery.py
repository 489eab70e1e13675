"""What `chaosproof init` found, shown or written, and said in lines."""

from pathlib import Path, PurePosixPath

import click

from chaosproof.cli.start.questions import Questions
from chaosproof.init.proposal import Proposal
from chaosproof.init.write.to_disk import write_files

__all__ = ["deliver", "report"]

# where `chaosproof drill` looks for a name
_OWN_FOLDER = PurePosixPath("experiments")
# the schema for editors has thousands
_SHOWN_LINES_MAX = 400


def report(step: str) -> None:
    """What is being done, for a person who waits."""
    click.echo(step, err=True)


def deliver(
    proposal: Proposal,
    here: Path,
    folder: PurePosixPath,
    questions: Questions,
    *,
    dry_run: bool,
    force: bool,
) -> None:
    """Write the files, or show them; then the questions, what was left out, what to know, and what to do next."""
    if dry_run:
        for name, text in proposal.files.items():
            there = " (there already)" if (here / name).exists() else ""
            lines = text.count("\n")
            shown = text if lines <= _SHOWN_LINES_MAX else f"({lines} lines)\n"
            click.echo(f"\n--- would write {name}{there}\n{shown}", nl=False)
    else:
        questions.confirm(len(proposal.files))
        write_files(proposal.files, here, force=force)
        for name in proposal.files:
            click.echo(f"wrote {name}")
    _show_rest(proposal, folder)


def _show_rest(proposal: Proposal, folder: PurePosixPath) -> None:
    if proposal.questions:
        click.echo("\nThe questions:")
    for name, question in proposal.questions.items():
        click.echo(f"  {name}: {question}")
    for title, lines in (
        ("Left out:", [f"{item.what}: {item.why}" for item in proposal.left_out]),
        ("To know:", proposal.notes),
    ):
        if lines:
            click.echo(f"\n{title}")
        for line in lines:
            click.echo(f"  {line}")
    for name in list(proposal.questions)[:1]:
        file = name if folder == _OWN_FOLDER else folder / f"{name}.json"
        click.echo(f"\nNext:  chaosproof drill {file}")
