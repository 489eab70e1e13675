"""requests.csv.gz: one row per request, `seq,due_at,sent_at,done_at,status,code,instance,attempts`, in the order in
which they ended.

The file is a chain of gzip members, one or two a second: a writer that is killed leaves the last member cut, and what
was inflated before the cut is kept. Instants are seconds since the epoch, written to the microsecond. There are two
readers: `read_rows` gives records and refuses a file that is none, `RequestLines` gives blocks of lines, however the
file ends, so that the loop over millions of rows is the only cost per row.
"""

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path

from chaosproof.errors import ChaosproofError
from chaosproof.runfolder.record import about

__all__ = [
    "COLUMNS",
    "HEADER",
    "REQUESTS",
    "RequestLines",
    "RequestRow",
    "decode_row",
    "encode_row",
    "is_ok",
    "read_rows",
]

REQUESTS = "requests.csv.gz"

_READ_BYTES = 1 << 18
_INFLATE_BYTES = 1 << 21
_LINE_BYTES_MAX = 1 << 16


@dataclass(frozen=True, slots=True)
class RequestRow:
    """What became of one request."""

    seq: int = about("request n of the plan; counts from 0 without gaps")
    due_at: float = about("when it should have been sent; closed model: when its connection was free")
    sent_at: float | None = about(
        "when it was handed to a connection, the opening of one included; empty when it never was"
    )
    done_at: float = about("when its outcome was known")
    status: int = about("the HTTP status; 0 where there was no answer")
    code: str = about(
        "the word of the application (`SUCCESS`) or of the generator (`TIMEOUT`) for the outcome"
    )
    instance: str = about("who answered; empty: nobody")
    attempts: int = about(
        "how often it was put on a connection: more than once where a kept one was closed unused"
    )

    @property
    def ok(self) -> bool:
        """Whether the answer's status is 200 to 299."""
        return is_ok(self.status)

    def latency_s(self, model: str) -> float:
        """Seconds from when it was due (open model) or sent (closed model) until its outcome was known."""
        if model == "open" or self.sent_at is None:
            return self.done_at - self.due_at
        return self.done_at - self.sent_at


COLUMNS = ",".join(f.name for f in fields(RequestRow))
HEADER = COLUMNS + "\n"


def is_ok(status: int) -> bool:
    """Whether an answer with this status counts as ok."""
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


def decode_row(row: list[str]) -> RequestRow:
    """The record of one row; ValueError when it is not one."""
    seq, due_at, sent_at, done_at, status, code, instance, attempts = row
    return RequestRow(
        seq=int(seq),
        due_at=float(due_at),
        sent_at=float(sent_at) if sent_at else None,
        done_at=float(done_at),
        status=int(status),
        code=code,
        instance=instance,
        attempts=int(attempts),
    )


def read_rows(path: Path) -> Iterator[RequestRow]:
    """The records of a requests.csv.gz, in the order in which they ended.

    A torn last member, as SIGKILL may leave it, ends the reading at its last whole row. A file that is
    missing, or whose whole rows are not records, raises `ChaosproofError`.
    """
    lines = RequestLines(path)
    number = 0
    for number, line in enumerate(itertools.chain.from_iterable(lines), start=2):
        try:
            yield decode_row(line.split(","))
        except ValueError as error:
            raise ChaosproofError(f"{path}, row {number}: {error}") from error
    if lines.problems and not number:
        raise ChaosproofError(f"cannot read {path}: {lines.problems[0]}")


@dataclass
class RequestLines:
    """Iterate to get blocks of whole lines without their ends; afterwards `problems` says what could not be
    read.
    """

    path: Path
    problems: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[list[str]]:
        tail = b""
        header_seen = False
        for block in self._inflated():
            head, newline, tail_of_block = block.rpartition(b"\n")
            if not newline:
                tail += block
                if len(tail) > _LINE_BYTES_MAX:
                    self.problems.append("a line has no end")
                    return
                continue
            lines = (tail + head).decode("utf-8", "replace").split("\n")
            tail = tail_of_block
            if not header_seen:
                header_seen = True
                if lines[0].strip() != COLUMNS:
                    self.problems.append(f"the first line is not the header `{COLUMNS}`")
                    return
                del lines[0]
            yield lines
        if tail:
            self.problems.append("the last line is cut")
        if not header_seen:
            self.problems.append("it has no header")

    def _inflated(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                member = zlib.decompressobj(wbits=31)
                inside = False
                while compressed := file.read(_READ_BYTES):
                    while compressed:
                        inside = True
                        yield member.decompress(compressed, _INFLATE_BYTES)
                        if member.eof:
                            compressed = member.unused_data
                            member = zlib.decompressobj(wbits=31)
                            inside = False
                        else:
                            compressed = member.unconsumed_tail
                if inside:
                    yield member.flush()
                    if not member.eof:
                        self.problems.append("the file is cut in the middle")
        except FileNotFoundError:
            self.problems.append("there is no such file")
        except OSError as error:
            self.problems.append(f"it cannot be read: {error.strerror}")
        except zlib.error as error:
            self.problems.append(f"it is not whole gzip data: {error}")
