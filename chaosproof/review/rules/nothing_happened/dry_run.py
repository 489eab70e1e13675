"""A dry run: activities were read, and not carried out."""

from collections.abc import Iterator

from chaosproof.json_access import text
from chaosproof.review.documents import Document
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule


def _examine(document: Document) -> Iterator[Finding]:
    dry = [activity.name for activity in document.activities if activity.was_dry]
    if not document.is_dry and not dry:
        return
    what = text(document.experiment.get("dry"))
    which = (
        f"the experiment ran dry ({what})" if document.is_dry else f"{', '.join(map(repr, dry[:4]))} ran dry"
    )
    came = (
        "its faults had no time to bite" if what == "pause" else "nothing was done, or nothing was measured"
    )
    yield Finding(
        code="dry-run",
        severity="warning",
        message=f"{which}: {came}",
        pointer="/experiment/dry" if document.is_dry else "",
        next_step="run it without --dry and without `dry` in its activities",
    )


RULE = Rule(codes={"dry-run": "Activities ran dry, so they did nothing."}, reads="journal", examine=_examine)
