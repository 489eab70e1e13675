"""One check asked of a made run, without the others: of bounds there are many, and this is the cheapest way to ask."""

from pathlib import Path

from chaosproof.judge.checks.base import Material
from chaosproof.judge.checks.registry import builtin_checks
from chaosproof.judge.figures.request_stats import fold_requests
from chaosproof.judge.figures.summary import fault_span, figures_of
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.requests import REQUESTS
from chaosproof.runfolder.run_folder import RunFolder, read_run
from tests.support.runs import Run

__all__ = ["asked", "material_of", "read_back"]


def read_back(run: Run, folder: Path, *, every: int = 100) -> RunFolder:
    """The run as the judge reads it, with one of so many of its requests."""
    run.rows[:] = run.rows[::every]
    return read_run(run.write(folder))


def material_of(run: Run, folder: Path, *, every: int = 100) -> Material:
    """All that a check is given of it."""
    found = read_back(run, folder, every=every)
    stats = fold_requests(folder / REQUESTS, closed=found.load_plan.closed, fault=fault_span(found))
    return Material(found, stats, figures_of(found, stats))


def asked(id: str, material: Material) -> Check:
    """What the check with this id answers."""
    return next(check for check in builtin_checks() if check.id == id).answer(material)
