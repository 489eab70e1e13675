"""checks.tsv: the checks as lines that `cut` and a spreadsheet read."""

from collections.abc import Iterable

from chaosproof.evidence.check import Check

__all__ = ["checks_tsv"]


def checks_tsv(checks: Iterable[Check]) -> str:
    """The whole file: a schema_version row, the names of the columns, one row for each check."""
    rows = [("schema_version", "1"), ("check_id", "status", "details", "evidence_path")]
    rows += [(c.id, c.status, c.details, c.evidence) for c in checks]
    return "".join("\t".join(_one_line(cell) for cell in row) + "\n" for row in rows)


def _one_line(cell: str) -> str:
    """The cell without what would end it: tabs, all line ends that Unicode knows, and what no terminal should
    see.
    """
    return " ".join("".join(c if c.isprintable() else " " for c in cell).split())
