"""The figures of a load while it runs or after it: those of the verdict, over the rows so far."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError
from chaosproof.judge.figures.request_stats import RequestStats, fold_requests
from chaosproof.judge.figures.summary import figures_of, percentile_ms
from chaosproof.runfolder.load import LoadPlan
from chaosproof.runfolder.paths import WARMUP
from chaosproof.runfolder.run_folder import read_run

__all__ = ["figures_so_far", "latency_so_far_ms"]


def figures_so_far(run_dir: Path) -> Mapping[str, Any]:
    """`load` and `per_instance` as in summary.json, of the measured load, or of the warm-up before it.

    Raises `ChaosproofError` when no request has ended yet.
    """
    folder, fold = _fold(run_dir)
    figures = figures_of(read_run(folder), fold)
    return {"load": figures.load, "per_instance": figures.per_instance}


def latency_so_far_ms(run_dir: Path, percentile: float) -> float:
    """The latency that `percentile` % of the requests so far, failed ones too, stay within."""
    _, fold = _fold(run_dir)
    latencies = sorted(
        latency for window in fold.cells.values() for cell in window.values() for latency in cell.latencies
    )
    latency_ms = percentile_ms(latencies, percentile)
    assert latency_ms is not None  # _fold refuses a load without rows
    return latency_ms


def _fold(run_dir: Path) -> tuple[Path, RequestStats]:
    folder = run_dir if (run_dir / LoadPlan.FILE).exists() else run_dir / WARMUP
    closed = read_run(folder).load_plan.closed
    fold = fold_requests(folder / "requests.csv.gz", closed=closed, fault=None)
    if not fold.rows:
        raise ChaosproofError("No request has ended yet, so there is nothing to measure.")
    return folder, fold
