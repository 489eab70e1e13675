"""What the page over all runs and the step summary of CI show of a pack: plain data that pack/ makes."""

from collections.abc import Sequence
from dataclasses import dataclass

from chaosproof.runfolder.checks import Check

__all__ = ["Located", "Overview", "RunRow"]


@dataclass(frozen=True)
class Located:
    """A check, and the line of the experiment (a path in the repository) that claims it, where it is known."""

    check: Check
    claim: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True)
class RunRow:
    """A run or comparison: what it is, its verdict, its figures, and its page, relative to the pack."""

    experiment: str
    what: str
    verdict: str
    figures: tuple[tuple[str, str], ...]
    page: str


@dataclass(frozen=True)
class Overview:
    """A pack at a glance.

    `status` is the gate's, `required` its required checks as `(id, status)`, where `absent` is a status too; `score`
    runs from 0 to 100; `missing` says in sentences what keeps it from 100.
    """

    status: str
    profile: str
    made_at: float
    commit: str
    required: tuple[tuple[str, str], ...]
    checks: tuple[Located, ...]
    runs: tuple[RunRow, ...]
    score: float
    categories: tuple[tuple[str, float], ...]
    missing: tuple[str, ...]

    @property
    def failing(self) -> Sequence[Located]:
        """The required checks that do not pass."""
        named = {id for id, _ in self.required}
        return [row for row in self.checks if row.check.id in named and row.check.status != "pass"]

    @property
    def absent(self) -> Sequence[str]:
        """The required checks that the pack does not have at all."""
        return [id for id, status in self.required if status == "absent"]
