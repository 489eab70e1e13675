"""`chaosproof init --target containers`: from a Compose project to experiments on its containers.

    chaosproof init --target containers --url http://web:8080/

Its Compose files are read by the Compose CLI, and never changed; nothing is started.
"""

from pathlib import Path, PurePosixPath

import click

from chaosproof.init.write.edge_experiment import FAULTS

__all__ = ["init"]


@click.command()
@click.option("--target", type=click.Choice(["containers"]), help="Where it runs.")
@click.option(
    "--compose",
    "files",
    multiple=True,
    metavar="FILE",
    help="A Compose file; may be repeated. Default: those that Compose takes here by itself.",
)
@click.option(
    "--calls", multiple=True, metavar="CALLER=SERVICE:PORT", help="Who calls whom, where no variable says it."
)
@click.option("--url", default="", help="What users ask for, as the services know it: http://web:8080/.")
@click.option(
    "--fault",
    "kinds",
    multiple=True,
    type=click.Choice(list(FAULTS)),
    default=["reset"],
    show_default=True,
    help="What happens to the calls; may be repeated, for more experiments for each edge.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=PurePosixPath),
    default=PurePosixPath("experiments"),
    show_default=True,
    help="Where the files go.",
)
@click.option("--dry-run", is_flag=True, help="Show every file, and write none.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@click.option("--no-input", is_flag=True, help="Ask nothing, also on a terminal.")
def init(
    target: str,
    files: tuple[str, ...],
    calls: tuple[str, ...],
    url: str,
    kinds: tuple[str, ...],
    folder: PurePosixPath,
    dry_run: bool,
    force: bool,
    no_input: bool,
) -> None:
    """Write experiments for a Compose project: one for each service that calls another.

    Who calls whom is read from variables and commands, as the Compose CLI resolves them. Nothing is started and no
    Compose file is changed: what Compose does not say of a service, such as where its health page is, goes into a file
    of its own beside the experiments, for a person to complete.

    Exit codes: 0 written, or shown with --dry-run; 64 for a wrong call, with what to say.
    """
    # Imported late: --help needs none of it.
    from chaosproof.cli.start.delivery import deliver, report
    from chaosproof.cli.start.questions import Questions
    from chaosproof.init.containers.propose import propose_for_containers
    from chaosproof.init.steps import impossible_kinds
    from chaosproof.targets.host_command import run_to_end
    from chaosproof.toolkit.schema.experiment_schema import schema_text

    here, questions = Path.cwd(), Questions.here(asks=not no_input)
    proposal = propose_for_containers(
        here,
        files=files,
        calls=calls,
        url=url,
        kinds=kinds,
        impossible=impossible_kinds(kinds),
        folder=folder,
        schema=schema_text(),
        choose_url=questions.url,
        run=run_to_end,
        report=report,
    )
    deliver(proposal, here, folder, questions, dry_run=dry_run, force=force)
