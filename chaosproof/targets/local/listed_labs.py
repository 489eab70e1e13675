"""Whose the labs of this user are, so that nobody ends, or disturbs, the lab of somebody else by accident.

A lab knows the checkout that it was started from, and the run or the program that it ends with. A command that names
no lab means those of its own checkout.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaosproof.errors import TargetError
from chaosproof.targets.local.control_client import ask, find_labs

__all__ = ["ListedLab", "checkout_of", "free_lab", "listed_labs", "only_lab"]

# A lab that hangs is listed too, and must not hold up who wants to stop the others.
_PATIENCE_S = 2.0


@dataclass(frozen=True)
class ListedLab:
    """A lab that is up. `folder` is the checkout that it was started from, None where the lab does not say.

    `owner` is the run or the program that it ends with, and `owner_pid` its process; empty and 0 for a lab of
    `lab up`, which nothing but `lab down` ends.
    """

    name: str
    folder: str | None
    owner: str = ""
    owner_pid: int = 0

    @property
    def origin(self) -> str:
        """Where it belongs, in words: "of the run in /journals/..., from /repository"."""
        owner = f"of {self.owner}, " if self.owner else ""
        return f"{owner}from {self.folder}" if self.folder else f"{owner}from a folder that it does not say"


def checkout_of(folder: Path) -> str:
    """The nearest folder upwards with a `.git`, or the folder itself where there is none."""
    resolved = folder.resolve()
    return str(
        next((above for above in (resolved, *resolved.parents) if (above / ".git").exists()), resolved)
    )


def listed_labs() -> tuple[ListedLab, ...]:
    """All labs of this user, sorted by name; one that ends meanwhile is left out."""
    return tuple(lab for name in find_labs() if (lab := _listed(name)))


def _listed(name: str) -> ListedLab | None:
    try:
        info = ask(name, "info", patience_s=_PATIENCE_S)
    except TargetError:
        return ListedLab(name, None) if name in find_labs() else None
    # a lab that an older version of this program started says nothing of it
    return ListedLab(name, info.get("folder"), info.get("owner", ""), info.get("owner_pid", 0))


def free_lab(labs: Sequence[ListedLab], here: str, *, named_by: str) -> str:
    """The one lab that a command without a name means: of this checkout, and of no run and no other program.

    `TargetError` when there is none, or more than one; it lists the others, which only `named_by` reaches.
    """
    own = [lab for lab in labs if lab.folder == here and lab.owner_pid in (0, os.getpid())]
    if len(own) == 1:
        return own[0].name
    if own:
        raise TargetError(
            f"More than one lab of {here} is up ({', '.join(lab.name for lab in own)}); name one by {named_by}."
        )
    others = "; ".join(f"{lab.name}, {lab.origin}" for lab in labs)
    also = f" Only by {named_by} is meant: {others}." if others else ""
    which = f"No lab of {here} is up" if others else "No lab is up"
    raise TargetError(f"{which}; start one: chaosproof lab up SYSTEM_FILE.{also}")


def only_lab() -> str:
    """`free_lab` of the labs that are up, for what takes a lab's name as `lab`, or `--lab NAME`."""
    return free_lab(listed_labs(), checkout_of(Path.cwd()), named_by="--lab NAME")
