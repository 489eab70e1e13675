"""A real run of S4 in both modes as test data, and how a tampering case changes a copy of it.

`tests/tampering/data/` holds what two short runs left (see `record.py`), raw files only. A careful case seals the
folder again after its change: the log of events and the manifest then fit, and only the files' contradictions show it.
"""

import gzip
import hashlib
import json
import tarfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from chaosproof.judge.judge import judge_run
from chaosproof.report.write import write_verdict

__all__ = ["DERIVED", "Folder", "honest", "unpack"]

_DATA = Path(__file__).parents[1] / "tampering" / "data"
_HEADER = "seq,due_at,sent_at,done_at,status,code,instance,attempts"
DERIVED = ("checks.tsv", "summary.json", "timeline.json", "junit.xml", "report.html", "MANIFEST.sha256")


@cache
def _files(mode: str) -> dict[str, bytes]:
    with tarfile.open(_DATA / f"s4-{mode}.tar.gz") as packed:
        return {
            member.name.partition("/")[2]: file.read()
            for member in packed
            if member.isfile() and (file := packed.extractfile(member)) is not None
        }


def unpack(mode: str, to: Path) -> Path:
    """The raw files of the honest run in a folder of its own."""
    for name, data in _files(mode).items():
        path = to / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return to


def honest(mode: str, to: Path) -> "Folder":
    """A copy of the honest run to tamper with."""
    return Folder(unpack(mode, to))


class Folder:
    """A run folder whose files are read and written as data. Rows are lists of words, seq first."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str) -> Any:
        return json.loads((self.path / name).read_text())

    def write(self, name: str, value: Any) -> None:
        (self.path / name).write_text(json.dumps(value, indent=2) + "\n")

    def change(self, name: str, mutate: Callable[[Any], object]) -> None:
        """Change the document `name` in place."""
        document = self.read(name)
        mutate(document)
        self.write(name, document)

    def lines(self, name: str) -> list[Any]:
        return [json.loads(line) for line in (self.path / name).read_text().splitlines()]

    def write_lines(self, name: str, rows: list[Any]) -> None:
        (self.path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))

    def change_lines(self, name: str, change: Callable[[list[Any]], object]) -> None:
        rows = self.lines(name)
        change(rows)
        self.write_lines(name, rows)

    def change_text(self, name: str, change: Callable[[str], str]) -> None:
        path = self.path / name
        before = path.read_text()
        path.write_text(change(before))
        assert path.read_text() != before, f"the change of {name} changes nothing"

    def rows(self) -> list[list[str]]:
        lines = gzip.decompress((self.path / "requests.csv.gz").read_bytes()).decode().splitlines()
        assert lines[0] == _HEADER
        return [line.split(",") for line in lines[1:]]

    def change_rows(self, change: Callable[[list[list[str]]], object]) -> None:
        rows = self.rows()
        change(rows)
        text = "".join(",".join(row) + "\n" for row in [_HEADER.split(","), *rows])
        (self.path / "requests.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))

    def drop(self, *names: str) -> None:
        for name in names:
            (self.path / name).unlink()

    def empty(self, name: str) -> None:
        (self.path / name).write_bytes(b"")

    def halve(self, name: str) -> None:
        """As a writer leaves it that is killed, or whose disk is full, in the middle."""
        data = (self.path / name).read_bytes()
        (self.path / name).write_bytes(data[: len(data) // 2])

    def judge(self) -> None:
        """Judge as a session does at its end: every file of the verdict, and the manifest."""
        write_verdict(self.path, judge_run(self.path))

    def seal(self) -> None:
        """Make the log of events and the manifest fit what the folder holds now, as a careful forger does."""
        events = self.path / "events.ndjson"
        if events.exists():
            events.write_bytes(self._chained(self.lines("events.ndjson")))
        for name in DERIVED:
            (self.path / name).unlink(missing_ok=True)

    def _chained(self, rows: list[Any]) -> bytes:
        try:
            session = self.read("session.json")
        except (OSError, ValueError):
            session = {}
        previous, lines = "0" * 64, []
        for seq, row in enumerate(rows):
            if row["what"] == "saved":
                row["data"]["sha256"] = self._hashes()
            if row["what"] == "session_begun":
                row["data"].update({key: session.get(key) for key in ("experiment", "mode", "started_at")})
            kept = {
                "seq": seq,
                "at": row["at"],
                "what": row["what"],
                "data": row["data"],
                "prev_sha256": previous,
            }
            said = json.dumps(kept)
            previous = hashlib.sha256(said.encode()).hexdigest()
            lines.append(said[:-1] + f', "sha256": "{previous}"}}\n')
        return "".join(lines).encode()

    def _hashes(self) -> dict[str, str]:
        kept = (p for p in sorted(self.path.rglob("*")) if p.is_file())
        names = ((p, p.relative_to(self.path).as_posix()) for p in kept)
        return {
            name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path, name in names
            if name not in (*DERIVED, "events.ndjson")
        }
