"""When an instance was away during a run, from the rows of readiness.ndjson and faults.jsonl."""

import json
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError

__all__ = ["absences_of"]


def absences_of(readiness: Path, faults: Path, instance: str) -> list[tuple[float, float]]:
    """When `instance` was made to go away, and when it was ready again; pairs of seconds since the epoch.

    A target may see an end some milliseconds after it happened: then an absence begins when the fault that caused it
    was about to act; where the event says that its instant is exact, it begins there. Raises `ChaosproofError` when
    the instance is still away, or never went.
    """
    planned = sorted(
        float(row["planned_at"]) for row in _rows(faults) if row["instance"] == instance and row["applied_at"]
    )
    absences: list[tuple[float, float]] = []
    seen_at: float | None = None
    exact = False
    back_at = 0.0
    for row in _rows(readiness):
        if row["instance"] != instance:
            continue
        at = float(row["at"])
        if row["event"] in ("killed", "exited") and seen_at is None:
            seen_at, exact = at, bool(row.get("exact"))
        elif row["event"] == "ready":
            if seen_at is not None:
                caused = (planned_at for planned_at in planned if back_at < planned_at <= at and not exact)
                absences.append((min(next(caused, seen_at), seen_at), at))
            seen_at, back_at = None, at
    if seen_at is not None or not absences:
        raise ChaosproofError(
            f"{instance} {'went away and did not come back' if seen_at else 'never went away'}."
        )
    return absences


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise ChaosproofError(f"Cannot read {path}: {error}.") from error
