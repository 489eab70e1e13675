"""A run counts once: a copy of it, under another stamp, is no further pair."""

from collections.abc import Sequence

from chaosproof.errors import ChaosproofError
from chaosproof.judge.judge import Verdict

__all__ = ["refuse_copies"]


def refuse_copies(pairs: Sequence[Sequence[Verdict]]) -> None:
    """Raises ChaosproofError when a run of one pair is a run of an earlier one, too.

    No two runs begin in the same microsecond, and no two loads have their first and their last request due in the same.
    """
    seen: dict[tuple[object, ...], Verdict] = {}
    for pair in pairs:
        for verdict in pair:
            for mark in _marks(verdict):
                first = seen.setdefault(mark, verdict)
                if first is not verdict:
                    raise ChaosproofError(
                        f"{verdict.run.path} is {first.run.path} again: a run counts once, however often it was "
                        "copied; leave the copy out, or run the pair anew"
                    )


def _marks(verdict: Verdict) -> list[tuple[object, ...]]:
    """What no other run in this mode has."""
    session, stats = verdict.run.session, verdict.fold
    marks: list[tuple[object, ...]] = []
    if session.started_at is not None:
        marks.append((session.mode, "started", session.started_at))
    if stats.first_due_at is not None:
        marks.append((session.mode, "due", stats.first_due_at, stats.last_due_at))
    return marks
