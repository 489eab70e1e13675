"""The rows of requests.csv.gz, read once from front to back, however the file ends.

The file is a chain of gzip members, one or two a second. A killed writer leaves the last member cut; what was
inflated before the cut is kept. Lines are given in blocks, so that the caller's loop is the only cost per
row.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["COLUMNS", "Lines"]

COLUMNS = "seq,due_at,sent_at,done_at,status,code,instance,attempts"

_READ_BYTES = 1 << 18
_INFLATE_BYTES = 1 << 21
_LINE_BYTES_MAX = 1 << 16


@dataclass
class Lines:
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
