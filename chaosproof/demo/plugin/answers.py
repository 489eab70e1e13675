"""How the measured load fared from a moment on, by its rows."""

import math
from pathlib import Path

from chaosproof.judge.figures.request_stats import fold_requests

__all__ = ["answers_since"]


def answers_since(run_dir: Path, began_at: float) -> tuple[int, int]:
    """How many requests of the measured load were due at or after `began_at`, and how many of them failed."""
    fold = fold_requests(run_dir / "requests.csv.gz", closed=False, fault=(began_at, math.inf))
    cells = fold.cells["fault"].values()
    requests = sum(len(cell.latencies) for cell in cells)
    return requests, requests - sum(cell.ok for cell in cells)
