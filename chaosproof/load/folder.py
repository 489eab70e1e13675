"""The files of one load in one folder, named and shaped as docs/reference/run-folder.md says."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError
from chaosproof.load.plan import Plan
from chaosproof.load.progress import Progress
from chaosproof.load.recorder import RecordFile
from chaosproof.runfolder.requests import HEADER

__all__ = ["LoadDone", "LoadFolder"]

_RESERVED_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class LoadDone:
    """How a load ended. `complete` only when it ran as planned, and every request has its row.

    `rate_rps` counts what was sent; `stopped_by` is None, a signal's name, or the word for what broke.
    """

    name: str
    planned: int
    recorded: int
    ok: int
    errors: int
    started_at: float
    ended_at: float
    complete: bool
    rate_rps: float
    stopped_by: str | None


class LoadFolder:
    """Writes the four files of a load. Raises `ChaosproofError` for what cannot be written.

    The bytes of load-done.json are reserved at the start: even a full disk cannot keep a load from saying
    that it ended early.
    """

    def __init__(self, path: Path, plan: Plan) -> None:
        self._done = path / "load-done.json"
        self._reserved = path / ".load-done.json"
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._done.unlink(missing_ok=True)
            self._reserved.write_bytes(b" " * _RESERVED_BYTES)
            (path / "load-plan.json").write_text(_json(plan.to_dict()), encoding="utf-8")
            self._progress = (path / "load-progress.ndjson").open("wb", buffering=0)
        except OSError as error:
            raise ChaosproofError(f"cannot write {error.filename or path}: {error.strerror}") from error
        try:
            self.records = RecordFile(path / "requests.csv.gz", HEADER)
        except ChaosproofError:
            self._progress.close()
            raise

    def add_progress(self, progress: Progress) -> None:
        """Append one row to load-progress.ndjson."""
        line = json.dumps(progress.to_dict(), separators=(",", ":")) + "\n"
        try:
            self._progress.write(line.encode())
        except OSError as error:
            raise ChaosproofError(
                f"cannot write {self._progress.name}: {error.strerror}; the load ends here"
            ) from error

    def close(self) -> None:
        """Write the rows that are left and close the files, also when the rows cannot be written."""
        self._progress.close()
        self.records.close()

    def finish(self, done: LoadDone) -> None:
        """Write load-done.json, whole or not at all, into the space reserved for it."""
        text = _json(asdict(done)).encode()
        try:
            with self._reserved.open("r+b") as file:
                file.write(text)
                file.truncate()
                os.fsync(file.fileno())
            self._reserved.replace(self._done)
        except OSError as error:
            raise ChaosproofError(f"cannot write {self._done}: {error.strerror}") from error


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"
