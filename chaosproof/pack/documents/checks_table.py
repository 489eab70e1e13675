"""The checks.tsv of a pack, read back as strictly as it is written: `chaosproof.runfolder.checks` writes it."""

from chaosproof.errors import ChaosproofError
from chaosproof.runfolder.checks import Check, Status, one_line

__all__ = ["parse_checks"]

_STATUSES: dict[str, Status] = {"pass": "pass", "fail": "fail", "unknown": "unknown"}
_COLUMNS = "check_id\tstatus\tdetails\tevidence_path"


def parse_checks(text: str) -> tuple[Check, ...]:
    """The rows. Raises ChaosproofError that names the line which is not as it must be."""
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
    if lines[1:2] != [_COLUMNS]:
        raise ChaosproofError(f"checks.tsv: its second line must be {_COLUMNS.split()}")
    checks: dict[str, Check] = {}
    for number, row in enumerate(lines[2:], start=3):
        cells = row.split("\t")
        if len(cells) != 4 or not cells[0]:
            raise ChaosproofError(f"checks.tsv: line {number} has {len(cells)} cells, and a row has 4")
        id, status, details, evidence = cells
        if any(one_line(cell) != cell for cell in cells):
            raise ChaosproofError(f"checks.tsv: line {number} holds what no cell may hold")
        if status not in _STATUSES:
            raise ChaosproofError(f"checks.tsv: line {number}: there is no status {status[:20]!r}")
        if id in checks:
            raise ChaosproofError(f"checks.tsv: line {number}: {id} is there twice")
        checks[id] = Check(id, _STATUSES[status], details, evidence)
    return tuple(checks.values())
