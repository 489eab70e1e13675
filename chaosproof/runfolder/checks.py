"""checks.tsv: one question about a run, and its answer, on each line, as `cut` and a spreadsheet read it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast, get_args

from chaosproof.errors import ChaosproofError
from chaosproof.runfolder.record import about

__all__ = ["CHECKS", "Check", "Status", "checks_tsv", "one_line", "parse_checks"]

CHECKS = "checks.tsv"

Status = Literal["pass", "fail", "unknown"]

_COLUMNS = ("check_id", "status", "details", "evidence_path")


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
    if not content.isprintable():
        content = "".join(c if c.isprintable() else " " for c in content)
    return " ".join(content.split())


def checks_tsv(checks: Iterable[Check]) -> str:
    """The whole file: a schema_version row, the names of the columns, one row for each check."""
    rows = [("schema_version", "1"), _COLUMNS]
    rows += [(c.id, c.status, c.details, c.evidence) for c in checks]
    return "".join("\t".join(row) + "\n" for row in rows)


def parse_checks(text: str) -> tuple[Check, ...]:
    """The rows of the file, read as strictly as `checks_tsv` writes them.

    Raises ChaosproofError that names the line which is not as it must be.
    """
    *lines, rest = text.split("\n")
    if rest:
        raise ChaosproofError("checks.tsv: its last line is cut")
    key, _, version = (lines[0] if lines else "").partition("\t")
    if key != "schema_version":
        raise ChaosproofError("checks.tsv: it must begin with its schema_version")
    if version != "1":
        raise ChaosproofError(
            f"checks.tsv has schema_version {one_line(version)[:20]!r}, and this chaosproof reads 1: "
            "use the chaosproof that wrote it, or a newer one"
        )
    if lines[1:2] != ["\t".join(_COLUMNS)]:
        raise ChaosproofError(f"checks.tsv: its second line must be {list(_COLUMNS)}")
    checks: dict[str, Check] = {}
    for number, row in enumerate(lines[2:], start=3):
        cells = row.split("\t")
        if len(cells) != 4 or not cells[0]:
            raise ChaosproofError(f"checks.tsv: line {number} has {len(cells)} cells, and a row has 4")
        id, status, details, evidence = cells
        if any(one_line(cell) != cell for cell in cells):
            raise ChaosproofError(f"checks.tsv: line {number} holds what no cell may hold")
        if status not in get_args(Status):
            raise ChaosproofError(f"checks.tsv: line {number}: there is no status {status[:20]!r}")
        if id in checks:
            raise ChaosproofError(f"checks.tsv: line {number}: {id} is there twice")
        checks[id] = Check(id, cast(Status, status), details, evidence)
    return tuple(checks.values())
