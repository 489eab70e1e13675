"""Tables of checks, row by row."""

from collections.abc import Iterable, Iterator

from chaosproof.errors import ChaosproofError
from chaosproof.pack.differences.base import JUDGED_AGAIN, Difference
from chaosproof.runfolder.checks import Check, parse_checks

__all__ = ["row_differences"]


def row_differences(name: str, text: str, checks: Iterable[Check]) -> list[Difference]:
    """Where the table `text`, the file `name`, is not that of `checks`. Raises ChaosproofError for one of a version
    that this program does not read.
    """
    try:
        stated = {check.id: check for check in parse_checks(text)}
    except ChaosproofError as error:
        if "schema_version" in str(error):
            raise
        return [Difference(name, str(error).removeprefix("checks.tsv: "))]
    now = {check.id: check for check in checks}
    differences = [
        Difference(f"{name}, {id}", message, only_words, by_version=id == JUDGED_AGAIN)
        for id in [*now, *(id for id in stated if id not in now)]
        for message, only_words in _row_difference(stated.get(id), now.get(id))
    ]
    if not differences and list(stated) != list(now):
        differences.append(Difference(name, "its rows are in another order"))
    return differences


def _row_difference(stated: Check | None, now: Check | None) -> Iterator[tuple[str, bool]]:
    """The first way in which a row of the pack is not the one that its files lead to, and whether only words differ."""
    if now is None:
        if stated:
            yield f"the row says {stated.status}, and nothing in the pack leads to it", False
    elif stated is None:
        yield f"the row is missing; the files say {now.status}: {now.details}", False
    elif stated.status != now.status:
        yield f"it says {stated.status}, and the files say {now.status}: {now.details}", False
    elif stated.details != now.details:
        yield f"it says {stated.details!r}, and the files {now.details!r}", True
    elif stated.evidence != now.evidence:
        yield f"it points to {stated.evidence}, and the answer is in {now.evidence}", False
