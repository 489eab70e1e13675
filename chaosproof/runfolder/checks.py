"""checks.tsv: the checks as lines that `cut` and a spreadsheet read."""

from collections.abc import Iterable

from chaosproof.judge.check import Check

__all__ = ["checks_tsv"]


def checks_tsv(checks: Iterable[Check]) -> str:
    """The whole file: a schema_version row, the names of the columns, one row for each check."""
    rows = [("schema_version", "1"), ("check_id", "status", "details", "evidence_path")]
    rows += [(c.id, c.status, c.details, c.evidence) for c in checks]
    return "".join("\t".join(row) + "\n" for row in rows)
