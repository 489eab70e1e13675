"""`chaosproof halt`: end every fault and every lab of this user, now."""

import click

from chaosproof.targets.local.control_client import find_labs, take_down

__all__ = ["halt"]


@click.command()
def halt() -> None:
    """End every fault and every lab of this user, now.

    Faults live in the labs' namespaces and end with them.
    """
    labs = find_labs()
    for name in labs:
        take_down(name, patience_s=1.0)
        click.echo(f"Lab {name} is down.")
    if not labs:
        click.echo("Nothing of this user is up.")
