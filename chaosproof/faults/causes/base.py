"""What happened to somebody, in words, and the fault that imitates it: the causes themselves stand in `table.py`."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from chaosproof.errors import UsageError

__all__ = ["Cause", "End", "arguments_of", "cause_named"]

End = Literal["client", "server"]


@dataclass(frozen=True, kw_only=True)
class Cause:
    """A cause in words, and the fault that imitates it.

    - `name`: the cause, as one would type it. `real`: what a real one looks like to each end, in one sentence.
    - `kind`: the fault that imitates it, to be put `on` that end of the connection. `fixed`: the arguments without
      which it would be another cause. `magnitudes`: how strong it is where nobody chooses.
    - `nearness`: how near the fault comes, and what differs.
    """

    name: str
    real: str
    kind: str
    on: End
    fixed: Mapping[str, str] = field(default_factory=dict)
    magnitudes: Mapping[str, float] = field(default_factory=dict)
    nearness: str

    @property
    def arguments(self) -> Mapping[str, str | float]:
        """What follows from the cause besides the kind: arguments of its fault, and of its action."""
        return {**self.fixed, **self.magnitudes}


def cause_named(name: str, causes: Sequence[Cause]) -> Cause:
    """The one of that name, in upper or lower case, with spaces or hyphens.

    Raises `UsageError`, which names the nearest, where there is none.
    """
    by_name = {_plain(cause.name): cause for cause in causes}
    if (wanted := _plain(name)) in by_name:
        return by_name[wanted]
    near = difflib.get_close_matches(wanted, by_name, n=1, cutoff=0.5)
    meant = f"did you mean {by_name[near[0]].name!r}? " if near else ""
    raise UsageError(f"there is no cause {name!r}: {meant}--list-causes lists all of them")


def arguments_of(cause: Cause, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments of the cause's fault, its kind among them; its magnitudes give way to those that are `given`.

    Raises `UsageError` where one that is given makes it another cause.
    """
    if (kind := given.get("kind", cause.kind)) != cause.kind:
        raise UsageError(f"{cause.name!r} is a {cause.kind}, not a {kind}: give the kind, or the cause")
    for name, value in cause.fixed.items():
        if (other := given.get(name, value)) != value:
            raise UsageError(
                f"{cause.name!r} is a {cause.kind} with {name} {value}, not {other}: leave {name} out, "
                "or give the kind in place of the cause"
            )
    return {"kind": cause.kind, **cause.arguments, **given}


def _plain(name: str) -> str:
    return " ".join(re.split(r"[\s_-]+", name.strip().lower()))
