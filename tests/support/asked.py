"""One check asked of a made run, without the others: of bounds there are many, and this is the cheapest way to ask."""

from pathlib import Path

from chaosproof.judge.checks.base import Material
from chaosproof.judge.checks.registry import builtin_checks
from chaosproof.judge.figures.request_stats import fold_requests
from chaosproof.judge.figures.summary import fault_span, figures_of
from chaosproof.runfolder.checks import Check
from chaosproof.runfolder.paths import WARMUP
from chaosproof.runfolder.requests import REQUESTS
from chaosproof.runfolder.run_folder import RunFolder, read_run
from tests.support.runs import Run

__all__ = ["answer", "answers_total", "asked", "material_of", "read_back"]


def read_back(run: Run, folder: Path, *, every: int = 100) -> RunFolder:
    """The run as the judge reads it, with one of so many of its requests."""
    run.rows[:] = run.rows[::every]
    return read_run(run.write(folder))


def material_of(run: Run, folder: Path, *, every: int = 100) -> Material:
    """All that a check is given of it."""
    found = read_back(run, folder, every=every)
    stats = fold_requests(folder / REQUESTS, closed=found.load_plan.closed, fault=fault_span(found))
    warmup = fold_requests(folder / WARMUP / REQUESTS, closed=False, fault=None)
    return Material(found, stats, warmup, figures_of(found, stats))


def asked(id: str, material: Material) -> Check:
    """What the check with this id answers."""
    return next(check for check in builtin_checks() if check.id == id).answer(material)


def answer(run: Run, folder: Path, id: str) -> tuple[str, str, str]:
    """The status, details and evidence of a check of the run, which has no load.json: its rows are cut."""
    run.artifacts.pop("load.json")
    run.session["expected_artifacts"].remove("load.json")
    check = asked(id, material_of(run, folder))
    return check.status, check.details, check.evidence


def answers_total(code: str, times: float, **labels: str) -> str:
    """A sample of a service's own counter of its answers."""
    shown = ",".join(f'{name}="{value}"' for name, value in {"code": code, **labels}.items())
    return f"answers_total{{{shown}}} {times}"
