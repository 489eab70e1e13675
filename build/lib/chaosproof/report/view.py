"""What the templates show: frozen data, every value of which is plain text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chaosproof.runfolder.checks import Check

__all__ = ["CheckRow", "ChecksView", "Head", "Tile", "checks_view"]

_BUILTIN = ("SYS_", "CMP_")


@dataclass(frozen=True)
class Tile:
    """A figure that a person asks for first; `before` is the baseline's where `value` is the resilient run's."""

    name: str
    value: str
    note: str = ""
    before: str = ""


@dataclass(frozen=True)
class Head:
    """The top of a page: its title in the browser, the line above the heading, the verdict and what it means."""

    title: str
    eyebrow: str
    heading: str
    verdict: str
    meaning: str
    tiles: Sequence[Tile]


@dataclass(frozen=True)
class CheckRow:
    """A check with the words of the claim that it answers; empty where only its details say it."""

    check: Check
    claim: str
    details: str


@dataclass(frozen=True)
class ChecksView:
    """The checks of a `subject` (run, comparison, pack): those to read, and those that are folded away."""

    subject: str
    shown: Sequence[CheckRow]
    folded: Sequence[CheckRow]


def checks_view(checks: Sequence[Check], claims: Mapping[str, str], subject: str) -> ChecksView:
    """What does not pass first, then the experiment's own claims; the built-in checks that pass are folded away.

    `claims` are the claims in words by id.
    """
    failing = [check for check in checks if check.status != "pass"]
    passing = [check for check in checks if check.status == "pass"]
    own = [check for check in passing if not check.id.startswith(_BUILTIN)]
    builtin = [check for check in passing if check.id.startswith(_BUILTIN)]
    return ChecksView(
        subject,
        [_row(check, claims) for check in (*failing, *own)],
        [_row(check, claims) for check in builtin],
    )


def _row(check: Check, claims: Mapping[str, str]) -> CheckRow:
    claim = claims.get(check.id, "")
    details = check.details.removeprefix(f"{claim}: ") if claim else check.details
    return CheckRow(check, claim, details.replace(" %", "\u00a0%"))
