"""The names of the files in a run folder, and how to write one whole or not at all. See
docs/reference/run-folder.md.
"""

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError

__all__ = [
    "ARTIFACTS",
    "EXPERIMENT",
    "FAULTS",
    "JOURNAL",
    "READINESS",
    "SERIES",
    "SESSION",
    "WARMUP",
    "new_run_folder",
    "write_json",
    "write_text",
]

SESSION = "session.json"
EXPERIMENT = "experiment.json"
JOURNAL = "journal.json"
FAULTS = "faults.jsonl"
READINESS = "readiness.ndjson"
SERIES = "series.json"
ARTIFACTS = "artifacts"
WARMUP = "warmup"


def write_text(path: Path, content: str) -> None:
    """Write `content` to `path` by renaming a finished file over it; `ChaosproofError` when the disk will
    not.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(content, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise ChaosproofError(f"Cannot write {path}: {error.strerror}.") from error


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all; what JSON does not know is written as text."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def new_run_folder(root: Path, experiment: str, mode: str, now: float) -> Path:
    """Make `root/experiment/mode/<UTC stamp>`, of which this call is the only owner.

    Two runs that start in the same second get folders of their own. `ChaosproofError` when the disk will not.
    """
    parent = root / experiment / mode
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    for attempt in range(1, 100):
        folder = parent / (stamp if attempt == 1 else f"{stamp}-{attempt}")
        try:
            folder.mkdir(parents=True, exist_ok=False)
            return folder
        except FileExistsError:
            continue
        except OSError as error:
            raise ChaosproofError(f"Cannot make the run folder {folder}: {error.strerror}.") from error
    raise ChaosproofError(f"Cannot make a run folder in {parent}: all names for {stamp} are taken.")
