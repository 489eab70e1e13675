"""One request, one flat record, one CSV row: `seq,due_at,sent_at,done_at,status,code,instance,attempts`.

The format is that of docs/run-folder.md. Instants are seconds since the epoch, written to the microsecond.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chaosproof.errors import ChaosproofError

__all__ = ["FIELDS", "HEADER", "Record", "decode_row", "encode_row", "is_ok", "read_records"]

FIELDS = ("seq", "due_at", "sent_at", "done_at", "status", "code", "instance", "attempts")
HEADER = ",".join(FIELDS) + "\n"


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one request. `sent_at` is None for a request that never reached a connection."""

    seq: int
    due_at: float
    sent_at: float | None
    done_at: float
    status: int
    code: str
    instance: str
    attempts: int

    @property
    def ok(self) -> bool:
        return is_ok(self.status)

    def latency_s(self, model: str) -> float:
        """Seconds from when it was due (open model) or sent (closed model) until its fate was known."""
        if model == "open" or self.sent_at is None:
            return self.done_at - self.due_at
        return self.done_at - self.sent_at


def is_ok(status: int) -> bool:
    return 200 <= status < 300


def encode_row(
    seq: int,
    due_at: float,
    sent_at: float | None,
    done_at: float,
    status: int,
    code: str,
    instance: str,
    attempts: int,
) -> str:
    """The row of one request; `code` and `instance` hold no comma, quote or line end (see `csv_word`)."""
    sent = "" if sent_at is None else f"{sent_at:.6f}"
    return f"{seq},{due_at:.6f},{sent},{done_at:.6f},{status},{code},{instance},{attempts}\n"


def decode_row(row: list[str]) -> Record:
    """The record of one row; ValueError when it is not one."""
    seq, due_at, sent_at, done_at, status, code, instance, attempts = row
    return Record(
        seq=int(seq),
        due_at=float(due_at),
        sent_at=float(sent_at) if sent_at else None,
        done_at=float(done_at),
        status=int(status),
        code=code,
        instance=instance,
        attempts=int(attempts),
    )


def read_records(path: Path) -> Iterator[Record]:
    """The records of a requests.csv.gz, in the order in which they ended.

    A torn last member, as SIGKILL may leave it, ends the reading at its last whole row. A file that is
    missing, or whose whole rows are not records, raises `ChaosproofError`.
    """
    rows = csv.reader(_whole_lines(path))
    header = next(rows, None)
    if header is None:
        return
    if tuple(header) != FIELDS:
        raise ChaosproofError(f"{path} is no requests.csv.gz: its header is {','.join(header)!r}")
    for number, row in enumerate(rows, start=2):
        try:
            yield decode_row(row)
        except ValueError as error:
            raise ChaosproofError(f"{path}, row {number}: {error}") from error


def _whole_lines(path: Path) -> Iterator[str]:
    try:
        packed = path.open("rb")
    except OSError as error:
        raise ChaosproofError(f"cannot read {path}: {error.strerror}") from error
    with packed, gzip.open(packed) as file, io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
        try:
            for line in text:
                if line.endswith("\n"):
                    yield line
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return
