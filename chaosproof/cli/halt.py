"""`chaosproof halt`: end the labs of this checkout, and with them every fault and every load in them, now.

chaosproof halt                # says which labs, and asks
chaosproof halt --yes          # in a script
chaosproof halt shop-1b0b61    # this one, whosever it is
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from chaosproof.errors import ChaosproofError, UsageError
from chaosproof.targets.local.control_client import take_down
from chaosproof.targets.local.listed_labs import ListedLab, checkout_of, listed_labs

__all__ = ["halt", "labs_to_end"]


@click.command()
@click.argument("names", nargs=-1, metavar="[LAB]...")
@click.option("--everywhere", is_flag=True, help="Labs of other checkouts, too.")
@click.option(
    "--yes", is_flag=True, help="Do not ask. Needed where there is no terminal and no LAB is named."
)
def halt(names: tuple[str, ...], everywhere: bool, yes: bool) -> None:
    """End labs, now, and with them every fault and every load in them.

    Without a LAB: all that were started from this checkout (the nearest folder upwards with a .git, else this folder),
    those of runs that are on as well. Such a run comes to its end, and its verdict is unknown. Says which labs they
    are, and asks first. A LAB that is named is ended whosever it is, without a question.
    """
    labs = listed_labs()
    here = checkout_of(Path.cwd())
    ending = labs_to_end(labs, here, names, everywhere=everywhere)
    others = [lab for lab in labs if lab not in ending]
    if not ending:
        click.echo("Nothing of this user is up." if not labs else f"No lab of {here} is up.")
    elif not names and not yes:
        _ask_first(ending)
    for lab in ending:
        take_down(lab.name, patience_s=1.0, by="chaosproof halt")
        click.echo(f"Lab {lab.name} is down.")
    if others and not names:
        click.echo("Left alone (--everywhere, or a name, ends them too):\n" + _listed(others))


def labs_to_end(
    labs: Sequence[ListedLab], here: str, names: Sequence[str], *, everywhere: bool = False
) -> list[ListedLab]:
    """The labs that a call means; `UsageError` for a name that no lab has."""
    if unknown := set(names) - {lab.name for lab in labs}:
        known = ", ".join(lab.name for lab in labs) or "none"
        raise UsageError(f"No lab named {', '.join(sorted(unknown))} is up (labs that are: {known}).")
    if names:
        return [lab for lab in labs if lab.name in names]
    return [lab for lab in labs if everywhere or lab.folder == here]


def _ask_first(ending: Sequence[ListedLab]) -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            "This would end, and nobody can be asked here; say --yes, or name what is to end:\n"
            + _listed(ending)
        )
    click.echo("This ends, with every fault and load in it:\n" + _listed(ending))
    if not click.confirm("End it?" if len(ending) == 1 else f"End all {len(ending)}?"):
        raise ChaosproofError("Nothing was ended.")


def _listed(labs: Sequence[ListedLab]) -> str:
    return "\n".join(f"  {lab.name}, {lab.origin}" for lab in labs)
