"""Writes the four files of one load into one folder; their records stand in `chaosproof.runfolder`."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError, readable_os_errors
from chaosproof.load.plan import Plan
from chaosproof.load.public_plan import public_plan
from chaosproof.load.recording.row_file import RowFile
from chaosproof.runfolder.load import LoadDone, LoadPlan, LoadProgress
from chaosproof.runfolder.requests import HEADER, REQUESTS

__all__ = ["LoadFolder"]

_RESERVED_BYTES = 4096


class LoadFolder:
    """Writes the four files of a load. Raises `ChaosproofError` for what cannot be written.

    The bytes of load-done.json are reserved at the start: even a full disk cannot keep a load from recording that it
    ended early. `public` is the plan as it is written down, where that was made already.
    """

    def __init__(self, path: Path, plan: Plan, public: Mapping[str, Any] | None = None) -> None:
        self._done = path / LoadDone.FILE
        self._reserved = path / f".{LoadDone.FILE}"
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._done.unlink(missing_ok=True)
            self._reserved.write_bytes(b" " * _RESERVED_BYTES)
            (path / LoadPlan.FILE).write_text(
                _json(public_plan(plan.to_dict()) if public is None else dict(public)), encoding="utf-8"
            )
            self._progress = (path / LoadProgress.FILE).open("wb", buffering=0)
        except OSError as error:
            raise ChaosproofError(f"cannot write {error.filename or path}: {error.strerror}") from error
        try:
            self.rows = RowFile(path / REQUESTS, HEADER)
        except ChaosproofError:
            self._progress.close()
            raise

    def add_progress(self, progress: LoadProgress) -> None:
        """Append one row to load-progress.ndjson."""
        with readable_os_errors(f"cannot write {self._progress.name}", "; the load ends here"):
            self._progress.write(progress.to_line().encode())

    def close(self) -> None:
        """Write the rows that are left and close the files, also when the rows cannot be written."""
        self._progress.close()
        self.rows.close()

    def finish(self, done: LoadDone) -> None:
        """Write load-done.json, whole or not at all, into the space reserved for it."""
        text = _json(done.to_json()).encode()
        with readable_os_errors(f"cannot write {self._done}"):
            with self._reserved.open("r+b") as file:
                file.write(text)
                file.truncate()
                os.fsync(file.fileno())
            self._reserved.replace(self._done)


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"
