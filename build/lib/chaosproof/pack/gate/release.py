"""Whether the runs of a pack are of the release that is asked about: of its commit, and not of long ago."""

from collections.abc import Sequence

from chaosproof.pack.gate.readiness import CLOCK_SLACK_S, span
from chaosproof.pack.judged import JudgedRun
from chaosproof.runfolder.checks import one_line

__all__ = ["age_problems", "clock_problems", "commit_problems"]

_SHOWN_MAX = 3


def age_problems(runs: Sequence[JudgedRun], now: float, max_age_s: float) -> list[str]:
    """Every run that ended more than `max_age_s` before `now` (Unix seconds), after it, or nobody knows when."""
    problems = clock_problems(runs, now)
    for run in runs:
        if run.ended_at is None:
            problems.append(f"{run.place} does not tell when it ended: run it again")
        elif now - run.ended_at > max_age_s:
            problems.append(
                f"{run.place} is {span(now - run.ended_at)} old, and may be {span(max_age_s)}: "
                "run it again, or allow more by --max-age"
            )
    return problems


def clock_problems(runs: Sequence[JudgedRun], now: float) -> list[str]:
    """Every run that ended after `now`."""
    return [
        f"{run.place} ended {span(run.ended_at - now)} in the future: a clock is wrong; set it and run it again"
        for run in runs
        if run.ended_at is not None and run.ended_at - now > CLOCK_SLACK_S
    ]


def commit_problems(runs: Sequence[JudgedRun], commit: str) -> list[str]:
    """The runs that are not of `commit`, which is its hash or the beginning of it."""
    by_commit: dict[str, list[JudgedRun]] = {}
    for run in runs:
        if not (run.run.session.commit or "").startswith(commit):
            by_commit.setdefault(run.run.session.commit or "", []).append(run)
    return [
        f"{_names(others)} {'is' if len(others) == 1 else 'are'} of "
        f"{f'commit {one_line(other)[:40]}' if other else 'no commit (outside of git)'}, and {commit[:40]} is to be "
        "released: run it there, or name the commit that is meant by --commit (any: whichever it is)"
        for other, others in by_commit.items()
    ]


def _names(runs: Sequence[JudgedRun]) -> str:
    more = f" and {len(runs) - _SHOWN_MAX} more" if len(runs) > _SHOWN_MAX else ""
    return ", ".join(f"{run.name} {run.stamp}" for run in runs[:_SHOWN_MAX]) + more
