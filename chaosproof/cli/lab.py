"""`chaosproof lab`: up, status, down.

chaosproof lab up system.yaml --mode resilient --scenario checkout --timings
chaosproof lab status
chaosproof lab down
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from chaosproof.errors import ChaosproofError, TargetError, UsageError
from chaosproof.runner.prometheus import down_targets
from chaosproof.targets.local.control_client import ask, find_labs, lab_pid, take_down
from chaosproof.targets.local.launcher import launch_lab
from chaosproof.targets.local.listed_labs import ListedLab, checkout_of, free_lab, listed_labs
from chaosproof.targets.local.metrics_pages import unreadable_pages
from chaosproof.targets.local.target import LocalTarget
from chaosproof.targets.system.system_file import load_system

__all__ = ["lab"]


@click.group()
def lab() -> None:
    """Run a system in private namespaces on this machine, to look around in it.

    Nothing of the host is touched but free ports on its loopback, and nothing survives the lab.
    """


@lab.command()
@click.argument("system_file", type=click.Path(path_type=Path))
@click.option("--mode", help="Values overlay of a mode, such as baseline or resilient.")
@click.option("--scenario", help="Values overlay of a scenario, such as checkout.")
@click.option("--name", help="A name for the lab; chosen when not given.")
@click.option("--timings", is_flag=True, help="Print how long each part took to get ready.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def up(
    system_file: Path, mode: str | None, scenario: str | None, name: str | None, timings: bool, as_json: bool
) -> None:
    """Start the services of SYSTEM_FILE and return when all are ready; the lab stays until `lab down`."""
    if name is not None and (not name.replace("-", "").isalnum() or name.startswith("-")):
        raise UsageError(
            f"A lab's name has letters, digits and dashes, and begins with no dash; {name!r} does not."
        )
    if name is not None and name in find_labs():
        raise UsageError(f"A lab named {name} is up already; choose another name or take it down.")
    started = launch_lab(load_system(system_file, mode, scenario), name=name, detached=True)
    no_metrics = unreadable_pages(started.target)
    if as_json:
        document = {
            "lab": started.name,
            "endpoints": started.endpoints,
            "timings": dict(started.timings),
            "no_metrics": no_metrics,
        }
        click.echo(json.dumps(document))
        return
    click.echo(f"Lab {started.name} is up.")
    for service, url in started.endpoints.items():
        click.echo(f"  {service:<16} {url}")
    for sentence in no_metrics:
        click.echo(f"  no metrics: {sentence}")
    if timings:
        click.echo("From the command to ready:")
        for stage, seconds in sorted(started.timings.items(), key=lambda item: item[1]):
            label = "everything" if stage == "ready_s" else stage.removesuffix("_s")
            click.echo(f"  {label:<16} {seconds:6.2f} s")
    click.echo(f"Take it down with: chaosproof lab down {started.name}")


@lab.command()
@click.argument("name", required=False)
def down(name: str | None) -> None:
    """End the lab NAME; whatever it held is gone with it.

    NAME may be left out where `lab up` was called in this checkout (the nearest folder upwards with a .git, else this
    folder) and one such lab is up. The lab of a run, or of another checkout, is ended by its name only; a run that
    loses its lab so is unknown.
    """
    labs = listed_labs()
    chosen = name or free_lab(labs, checkout_of(Path.cwd()), named_by="its name")
    ending = next((lab for lab in labs if lab.name == chosen), None)
    if ending is None:
        known = ", ".join(lab.name for lab in labs) or "none"
        raise UsageError(f"No lab named {chosen} is up (labs that are: {known}).")
    take_down(chosen, by="chaosproof lab down")
    click.echo(f"Lab {chosen} is down.{f' It was {ending.origin}.' if ending.owner else ''}")


@lab.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(as_json: bool) -> None:
    """List this user's labs with their instances, the folder that each was started from, and its run."""
    rows: list[dict[str, Any]] = []
    for lab in listed_labs():
        try:
            rows.append(_row(lab))
        except TargetError as error:
            # it may end while it is asked, and the others are still there
            click.echo(f"Lab {lab.name} is left out: {error}", err=True)
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo("No lab is up.")
    for row in rows:
        origin = ListedLab(row["lab"], row["folder"], row["owner"]).origin
        click.echo(f"Lab {row['lab']} (pid {row['pid']}), {origin}")
        for service, url in row["endpoints"].items():
            click.echo(f"  {service:<16} {url}")
        for state in row["instances"]:
            if not state["alive"]:
                doing = "dead" if state["deaths"] or not state["stops"] else "ended on purpose"
            else:
                doing = "paused" if state["paused"] else "ready" if state["ready"] else "not ready"
            click.echo(f"  {state['name']:<16} {state['address']:<15} {doing}")
        for sentence in row["no_metrics"]:
            click.echo(f"  {sentence}")


def _row(lab: ListedLab) -> dict[str, Any]:
    target = LocalTarget(lab.name)
    states = target.states()
    endpoints, instances = ask(lab.name, "info")["endpoints"], target.instances()
    # a service may have that name, too, where there is no Prometheus
    services = {instance.service for instance in instances}
    prometheus = None if "prometheus" in services else endpoints.get("prometheus")
    return {
        "lab": lab.name,
        "pid": lab_pid(lab.name),
        "folder": lab.folder,
        "owner": lab.owner,
        "endpoints": endpoints,
        "no_metrics": _down_by_prometheus(prometheus),
        "instances": [
            {**asdict(states[instance.name]), "address": instance.address} for instance in instances
        ],
    }


def _down_by_prometheus(url: str | None) -> list[str]:
    if url is None:
        return []
    try:
        return [target.sentence for target in down_targets(url, timeout_s=2.0)]
    except ChaosproofError as error:
        return [str(error)]
