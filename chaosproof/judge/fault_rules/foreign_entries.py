"""What somebody else had set in the instances' networks while the run was on, as its own looks have it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from chaosproof.judge.checks.event_log import read_chain
from chaosproof.runfolder.events import EVENTS, FOREIGN_ENTRY, ForeignEntry
from chaosproof.runfolder.run_folder import RunFolder

__all__ = ["foreign_entries"]


def foreign_entries(run: RunFolder) -> Iterator[str]:
    """A sentence for each: what it is, where and when it was seen, and what to do."""
    try:
        chain = read_chain(run.path / EVENTS)
    except OSError:
        return  # SYS_EVENTS says so
    for row in chain.rows:
        if row.what == FOREIGN_ENTRY:
            entry = ForeignEntry.from_json(row.data)
            at = datetime.fromtimestamp(row.at or 0.0, UTC).strftime("%H:%M:%S")
            yield (
                f"{entry.entry} was on {entry.instance} and is not of this run (first seen at {at} UTC, {entry.when}), "
                "so what the run shows may be its doing: find out who set it, and do the run again while nobody else "
                "puts faults or rules on this system"
            )
