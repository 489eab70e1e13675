"""`faults.jsonl`: one row per fault, the newest state of each (docs/reference/run-folder.md).

The file is replaced as a whole, so whoever reads it, and whoever is killed while writing, leaves or finds
a complete one.
"""

import json
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chaosproof.errors import ChaosproofError
from chaosproof.faults.errors import FaultError

__all__ = ["FaultLedger"]


class FaultLedger:
    """The ledger at `path`. Rows that are there already (an earlier process) are kept. Thread-safe.

    `listener` is called with every row once it is saved; a `ChaosproofError` of its own counts as one of the disk.
    """

    def __init__(self, path: Path, listener: Callable[[Mapping[str, Any]], None] | None = None) -> None:
        self.path = path
        self._listener = listener
        self._lock = threading.Lock()
        self._rows: dict[str, dict[str, Any]] = {row["id"]: row for row in read_rows(path)}

    def write(self, row: Mapping[str, Any]) -> None:
        """Put the row in the place of the one with the same `id`, or at the end, and save the file.

        Raises `FaultError` when the disk does not take it; the row is known here all the same.
        """
        with self._lock:
            self._rows[row["id"]] = dict(row)
            text = "".join(json.dumps(row, allow_nan=False) + "\n" for row in self._rows.values())
            # named by process: two writers never share one half-written file
            draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                draft.write_text(text, encoding="utf-8")
                draft.replace(self.path)
            except OSError as error:
                raise FaultError(f"cannot write {self.path}: {error.strerror}") from error
            if self._listener:
                try:
                    self._listener(row)
                except ChaosproofError as error:
                    raise FaultError(str(error)) from error

    def rows(self) -> tuple[dict[str, Any], ...]:
        """All rows, oldest fault first."""
        with self._lock:
            return tuple(self._rows.values())


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a ledger; no file, no rows. Raises `ValueError` when it is not one of ours."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
