"""The names of the files in a run folder, and how to write one whole or not at all. See
docs/reference/run-folder.md.
"""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError, readable_os_errors

__all__ = [
    "ARTIFACTS",
    "EXPERIMENT",
    "EXPERIMENT_YAML",
    "WARMUP",
    "is_draft",
    "new_run_folder",
    "read_json",
    "write_json",
    "write_whole",
]

EXPERIMENT = "experiment.json"
EXPERIMENT_YAML = "experiment.yaml"
ARTIFACTS = "artifacts"
WARMUP = "warmup"

_DRAFT = ".draft-"


def is_draft(path: Path) -> bool:
    """Whether `path` is what a killed writer left of a file that never came to be."""
    return path.name.startswith(_DRAFT)


def write_whole(path: Path, content: str) -> None:
    """Put `content` at `path`, durably; a file that says the same already is left alone.

    Raises ChaosproofError when it cannot be written; what was there before is there still.
    """
    data = content.encode()
    draft = ""
    try:
        if path.is_file() and path.read_bytes() == data:
            return
        descriptor, draft = tempfile.mkstemp(prefix=_DRAFT, dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
        draft = ""
    except OSError as error:
        raise ChaosproofError(
            f"cannot write {path}: {error.strerror}; the run's own files are untouched"
        ) from error
    finally:
        if draft:
            Path(draft).unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all; what JSON does not know is written as text."""
    write_whole(path, json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def read_json(path: Path) -> Any:
    """The value of a JSON file that this run wrote. Raises ChaosproofError when it cannot be read."""
    with readable_os_errors(f"cannot read {path}"):
        content = path.read_bytes()
    try:
        return json.loads(content)
    except ValueError as error:
        raise ChaosproofError(f"{path} is no JSON: {error}") from error


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
