"""checks.tsv: one question about a run, and its answer, on each line, as `cut` and a spreadsheet read it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from chaosproof.runfolder.record import about

__all__ = ["CHECKS", "Check", "Status", "checks_tsv", "one_line"]

CHECKS = "checks.tsv"

Status = Literal["pass", "fail", "unknown"]


@dataclass(frozen=True)
class Check:
    """One question and its answer.

    `skipped` marks an `unknown` that this machine could never have answered (a missing capability); in every verdict
    it counts as `unknown`, and the file does not tell it apart. The texts may quote any file, so they are made one
    printable line.
    """

    id: str = about("`SYS_...` for a built-in check, else the id of the experiment's claim")
    status: Status = about("`pass`, `fail` or `unknown`")
    details: str = about("the answer in a sentence, on one line")
    evidence: str = about("a file of the folder and, after `#`, a place in it")
    skipped: bool = False

    def __post_init__(self) -> None:
        for name in ("id", "details", "evidence"):
            object.__setattr__(self, name, one_line(getattr(self, name)))


def one_line(content: str) -> str:
    """The text on one line, without what ends a cell and what no file or terminal should get."""
    return " ".join("".join(c if c.isprintable() else " " for c in content).split())


def checks_tsv(checks: Iterable[Check]) -> str:
    """The whole file: a schema_version row, the names of the columns, one row for each check."""
    rows = [("schema_version", "1"), ("check_id", "status", "details", "evidence_path")]
    rows += [(c.id, c.status, c.details, c.evidence) for c in checks]
    return "".join("\t".join(row) + "\n" for row in rows)
