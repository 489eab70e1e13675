"""What a check of the load answers where there was no load, or no row of it."""

from chaosproof.judge.check import passed, unknown
from chaosproof.judge.checks.base import Material
from chaosproof.judge.figures.request_stats import RequestStats
from chaosproof.runfolder.checks import Check

__all__ = ["no_load", "row_problems"]


def no_load(id: str, material: Material) -> Check | None:
    """The answer for an experiment without a load, or for one of which it is not known; None when there is
    one.
    """
    run = material.run
    if material.load_expected:
        return None
    if not run.experiment:
        return unknown(
            id, f"whether there was a load is not known; {run.missing('journal.json')}", "journal.json"
        )
    return passed(
        id,
        "the method calls nothing of chaosproof.actions.load, and no load was recorded",
        "journal.json#experiment",
    )


def row_problems(stats: RequestStats) -> str:
    """Why rows are missing, for a sentence."""
    return ", ".join(stats.problems) or "it has no rows"
