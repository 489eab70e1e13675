"""`chaosproof init`: from programs of a repository, its containers, or a service in a cluster, to experiments on them.

chaosproof init --service 'web=nginx -g "daemon off;"' --service 'shop=UPSTREAM=http://web:80 python shop.py'
chaosproof init --target containers --help
chaosproof init --target kubernetes --help
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import click

from chaosproof.init.write.edge_experiment import FAULTS
from chaosproof.load.duration import parse_duration

__all__ = ["chooses_cluster", "init", "target_of"]

_OWN_FOLDER = PurePosixPath("experiments")


class _Init(click.Command):
    """The command for programs here; where an option says so, that for a Compose project or for a service in a cluster
    takes its place.
    """

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        from chaosproof.cli.cluster.init import init as cluster_init
        from chaosproof.cli.start.containers import init as containers_init

        if target_of(args) == "containers":
            return containers_init.make_context(info_name, args, parent, **extra)
        if chooses_cluster(args, _options(cluster_init) - _options(self)):
            return cluster_init.make_context(info_name, args, parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


def chooses_cluster(arguments: Sequence[str], cluster_only: set[str]) -> bool:
    """Whether the call is about a cluster: `--target` says so, or else an option that only the cluster's case has."""
    if target := target_of(arguments):
        return target == "kubernetes"
    return not cluster_only.isdisjoint(argument.partition("=")[0] for argument in arguments)


def target_of(arguments: Sequence[str]) -> str:
    """What `--target` says; empty where it is not there."""
    names = [argument.partition("=")[0] for argument in arguments]
    if "--target" not in names:
        return ""
    place = names.index("--target")
    _, equals, value = arguments[place].partition("=")
    return value if equals else "".join(arguments[place + 1 : place + 2])


def _options(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in parameter.opts}


@click.command(cls=_Init)
@click.option(
    "--target",
    type=click.Choice(["local", "containers", "kubernetes"]),
    default="local",
    show_default=True,
    help="Where it runs; --target containers --help has the options of a Compose project, and so on.",
)
@click.option(
    "--service",
    "services",
    multiple=True,
    metavar="NAME=COMMAND",
    help="A program of yours, and how it is started; variables may stand in front of the command.",
)
@click.option(
    "--process",
    "processes",
    multiple=True,
    metavar="NAME=PID",
    help="One that runs: a copy is put into the lab.",
)
@click.option(
    "--calls", multiple=True, metavar="CALLER=SERVICE:PORT", help="Who calls whom, where it is not seen."
)
@click.option("--url", default="", help="What users ask for, as the programs know it: http://shop:8000/buy.")
@click.option(
    "--switch",
    "switches",
    multiple=True,
    metavar="SERVICE.VARIABLE=BASELINE,RESILIENT",
    help="A variable that switches a protection; every drill then compares both modes.",
)
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
    "--copies",
    type=click.IntRange(1, 10),
    default=2,
    show_default=True,
    help="How often each caller runs: with two, one is hit and the other shows that it was hit alone.",
)
@click.option("--measure", default="6s", show_default=True, help="How long the load lasts that is measured.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=PurePosixPath),
    default=_OWN_FOLDER,
    show_default=True,
    help="Where the files go.",
)
@click.option(
    "--ci",
    type=click.Choice(["github", "gitlab", "none"]),
    help="Whose job is written. Default: by the files that are here.",
)
@click.option("--dry-run", is_flag=True, help="Try and measure, show every file, and write none.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@click.option("--no-input", is_flag=True, help="Ask nothing, also on a terminal.")
def init(
    target: str,
    services: tuple[str, ...],
    processes: tuple[str, ...],
    calls: tuple[str, ...],
    url: str,
    switches: tuple[str, ...],
    kinds: tuple[str, ...],
    copies: int,
    measure: str,
    folder: PurePosixPath,
    ci: str | None,
    dry_run: bool,
    force: bool,
    no_input: bool,
) -> None:
    """Write experiments for programs of your own: one for each that calls another, sized by a short try in a lab.

    The programs are read from a Compose file (by the Compose CLI), a Procfile, --service or --process. Each is started
    in private namespaces, where nothing of this machine is touched; a short load is measured, and everything ends
    again. Then a system file, experiments, a gate file and a CI job are written here, over none that is there.

    Exit codes: 0 written, or shown with --dry-run; 2 a lab could not be had; 64 for a wrong call, with what to say.
    """
    # Imported late: --help needs none of it.
    from chaosproof.cli.start.delivery import deliver, report
    from chaosproof.cli.start.questions import Questions
    from chaosproof.init.steps import Wishes, propose
    from chaosproof.toolkit.schema.experiment_schema import schema_text

    here, questions = Path.cwd(), Questions.here(asks=not no_input)
    wishes = Wishes(
        services=services or (() if processes else questions.services(here)),
        processes=processes,
        calls=calls,
        url=url,
        switches=switches,
        kinds=kinds,
        copies=copies,
        measure_s=parse_duration(measure, "--measure"),
        folder=folder,
        ci=ci,
        overwrite=force or dry_run,
    )
    proposal, trial = propose(wishes, here, questions, schema=schema_text(), report=report)
    measured = trial.measured
    click.echo(
        f"{trial.url}: {measured.requests} requests, {measured.errors} failed, p50 {measured.p50_ms:.3g} ms, "
        f"p99 {measured.p99_ms:.3g} ms"
    )
    deliver(proposal, here, folder, questions, dry_run=dry_run, force=force)
