"""`chaosproof init`: from a service that runs in a cluster to an experiment on it, and a list of what that takes.

    chaosproof init --target kubernetes --namespace shop --selector app=checkout --port 50051

It reads from the one namespace and writes files here; nothing in the cluster is changed.
"""

import json
from pathlib import Path

import click

from chaosproof.errors import UsageError

__all__ = ["init"]


@click.command()
@click.option(
    "--target",
    type=click.Choice(["kubernetes"]),
    default="kubernetes",
    show_default=True,
    help="Where it runs.",
)
@click.option(
    "--namespace", required=True, help="The namespace; nothing outside of it is looked at or touched."
)
@click.option("--selector", required=True, metavar="KEY=VALUE", help="Which pods: app=checkout,tier=web.")
@click.option(
    "--port", type=click.IntRange(1, 65535), required=True, help="The TCP port that the fault is about."
)
@click.option("--service", help="The Service in front of the pods; found by itself when there is only one.")
@click.option(
    "--direction",
    type=click.Choice(["ingress", "egress"]),
    help="Connections to the pods, or from them to others. Default: ingress when the port is the service's own.",
)
@click.option(
    "--url", help="What users ask for, as the cluster knows it: http://checkout:8080/. Adds a load."
)
@click.option("--context", help="The kubeconfig's context; default: its current one.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("experiments"),
    show_default=True,
    help="Where the files go.",
)
@click.option("--force", is_flag=True, help="Write over files that are there.")
def init(
    target: str,
    namespace: str,
    selector: str,
    port: int,
    service: str | None,
    direction: str | None,
    url: str | None,
    context: str | None,
    folder: Path,
    force: bool,
) -> None:
    """Write an experiment for a service of your own that runs in a cluster, and say what it needs to be run.

    The experiment resets the TCP connections of one of its pods for 15 s, and asks whether it is ready again within 5 s
    of the end; with --url also whether users noticed. A Role with what it takes is written beside it.
    """
    # Imported late: the client of a cluster takes its time, and --help needs none.
    from chaosproof.targets.kubernetes.client.api import connect
    from chaosproof.targets.kubernetes.cluster_settings import cluster_settings
    from chaosproof.targets.kubernetes.onboarding.fault_warnings import fault_warnings
    from chaosproof.targets.kubernetes.onboarding.own_experiment import default_direction, own_experiment
    from chaosproof.targets.kubernetes.onboarding.preflight import rights_of, role_of, survey

    settings = cluster_settings(
        {"namespace": namespace, "service": service or "-", "selector": selector, "context": context}
    )
    assert settings.selector is not None
    cluster = connect(settings.namespace, settings.context)
    seen = survey(cluster, settings.selector, service)
    direction = direction or default_direction(seen, port)
    experiment = own_experiment(
        seen, namespace=namespace, selector=selector, port=port, direction=direction, url=url
    )
    name = f"{namespace}-{seen.service}"
    files = {
        folder / f"{name}.json": json.dumps(experiment, indent=2) + "\n",
        folder / f"{name}.role.yaml": role_of(namespace),
    }
    for path, text in files.items():
        if path.exists() and not force:
            raise UsageError(
                f"{path} is there already; write over it with --force, or choose another --folder."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(f"wrote {path}")
    click.echo(
        f"\n{seen.service} in {namespace}: {', '.join(f'{k} ({v})' for k, v in seen.instances.items())}"
    )
    click.echo("\nWhat it needs:")
    fault_s = experiment["configuration"]["fault_s"]
    warnings = fault_warnings(seen.pods, port=port, direction=direction, fault_s=fault_s)
    for line in (*rights_of(cluster, role_file=folder / f"{name}.role.yaml"), *seen.needs, *warnings):
        click.echo(f"  {line}")
    click.echo(f"\nRun it:  chaos run {folder / name}.json")
