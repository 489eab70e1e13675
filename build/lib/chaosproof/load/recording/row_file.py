"""Writes rows to disk as they come: a whole gzip member every half second; a killed run can be read up to there.

Compression and writing are done in a thread, away from the clock that paces the requests.
"""

import gzip
import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from chaosproof.errors import ChaosproofError, readable_os_errors

__all__ = ["RowFile"]

_ROWS_WAITING_MAX = 1_000_000


class RowFile:
    """A requests.csv.gz being written. Every method raises `ChaosproofError` when the file cannot be written.

    After such an error the file holds whole members only: every row that was flushed before.
    """

    def __init__(self, path: Path, header: str) -> None:
        self._path = path
        self._rows: list[str] = []
        self.add = self._rows.append  # no frame of its own: it is called for every request
        self._writing: Future[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rows")
        self.count = 0
        with readable_os_errors(f"cannot write {path}"):
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        self._length = 0
        try:
            self._write(header)
        except ChaosproofError:
            os.close(self._fd)
            raise

    def flush(self) -> None:
        """Begin to write all rows added so far, when the last writing is done."""
        if self._writing is not None:
            if not self._writing.done():
                if len(self._rows) > _ROWS_WAITING_MAX:
                    raise ChaosproofError(
                        f"{self._path} is written more slowly than requests end: use a faster disk"
                    )
                return
            self._writing.result()
            self._writing = None
        if self._rows:
            self._writing = self._thread.submit(self._write_rows, self._rows.copy())
            self._rows.clear()

    def close(self) -> None:
        """Write what is left, then close; the file is closed in any case."""
        try:
            if self._writing is not None:
                self._writing.result()
            self._write_rows(self._rows)
        finally:
            self._thread.shutdown()
            os.close(self._fd)

    def _write_rows(self, rows: list[str]) -> None:
        if rows:
            self._write("".join(rows))
            self.count += len(rows)

    def _write(self, text: str) -> None:
        # No file name and no time in the header, so that equal rows are equal bytes.
        member = memoryview(gzip.compress(text.encode(), compresslevel=6, mtime=0))
        try:
            while member:
                member = member[os.write(self._fd, member) :]
        except OSError as error:
            os.ftruncate(self._fd, self._length)
            raise ChaosproofError(
                f"cannot write {self._path}: {error.strerror}; the load ends here, {self.count} rows are kept"
            ) from error
        self._length = os.lseek(self._fd, 0, os.SEEK_CUR)
