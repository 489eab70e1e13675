"""What goes into a snapshot: text that is the same in every run, and documents with few lines.

A change that is meant is written down by `./run test --snapshot-update tests/FOLDER`; read its difference in git.
"""

import io
import json
import re
import textwrap
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from rich.console import Console
from syrupy.data import Snapshot, SnapshotCollection
from syrupy.extensions.base import AbstractSyrupyExtension

from chaosproof.judge.next_steps import answer_of
from chaosproof.runfolder.checks import Check

__all__ = ["RowsExtension", "compact", "first_of", "normalise", "printed", "row_of", "visible_text"]

_LONG = re.compile(r"\d+\.\d{7,}")  # the last digits of a sum are not the same in every Python
_HASH = re.compile(r"\b[0-9a-f]{64}\b")
_WIDTH = 200
_SHOWN = 2
_INLINE = {"a", "abbr", "b", "code", "dfn", "em", "i", "kbd", "small", "span", "strong", "sub", "sup", "time"}
_UNSEEN = {"script", "style", "title"}


def normalise(text: str, *folders: Path) -> str:
    """Without hashes, without the last digits of a sum, and without the folders of the test."""
    for folder in folders:
        text = text.replace(str(folder), "FOLDER")
    return _HASH.sub("HASH", _LONG.sub(lambda match: f"{float(match[0]):.6f}", text))


def first_of(lines: Sequence[object], *folders: Path) -> str:
    """The first lines, and how many more there are: what one change brings out repeats itself."""
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return "\n".join([*(normalise(str(line), *folders) for line in lines[:_SHOWN]), *more])


def row_of(checks: Sequence[Check], check_id: str, *folders: Path) -> str:
    """The row of one check in a line, and the names of the others that do not pass."""
    row = next(check for check in checks if check.id == check_id)
    others = [f"{c.id} {c.status}" for c in checks if c.status != "pass" and c.id != check_id]
    also = f"; also {', '.join(others)}" if others else ""
    return normalise(f"{row.id} {row.status}: {answer_of(row)} [{row.evidence}]{also}", *folders)


def compact(document: Any, *folders: Path) -> str:
    """JSON, normalised, in which what fits into a line is one line, so that a changed value changes one line."""
    return _compact(json.loads(normalise(json.dumps(document), *folders)), _WIDTH)


def _compact(document: Any, width: int) -> str:
    flat = json.dumps(document, ensure_ascii=False)
    if len(flat) <= width or not isinstance(document, dict | list):
        return flat
    if isinstance(document, list) and not any(isinstance(item, dict | list | str) for item in document):
        return textwrap.fill(flat, width)
    inner = width - 1
    if isinstance(document, dict):
        items = [f"{json.dumps(key)}: {_compact(value, inner)}" for key, value in document.items()]
    else:
        items = [_compact(value, inner) for value in document]
    opened, closed = "{}" if isinstance(document, dict) else "[]"
    return "\n".join([opened, textwrap.indent(",\n".join(items), " "), closed])


def printed(show: Callable[[Console], None]) -> str:
    """What it writes to a terminal."""
    screen = io.StringIO()
    show(Console(file=screen, width=160))
    return "\n".join(line.rstrip() for line in screen.getvalue().splitlines())


def visible_text(page: str) -> str:
    """What a reader sees of a page, in order: a line for each paragraph, heading and row of a table."""
    reader = _Reader()
    reader.feed(page)
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return "\n".join(line.strip(" |") for line in lines if line.strip(" |"))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag not in _INLINE and tag not in ("td", "th"):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN
        if tag in ("td", "th"):
            self.parts.append(" | ")
        elif tag not in _INLINE:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(data.replace("\n", " "))


class RowsExtension(AbstractSyrupyExtension):
    """For the short snapshots of a table of cases: a JSON object with a line for each test, sorted by name."""

    # a folder of its own: syrupy takes a file of another kind beside its own snapshots for an unused one
    snapshot_dirname = "__rows__"
    file_extension = "json"

    def serialize(self, data: str, **_: object) -> str:
        return data

    def read_snapshot_collection(self, *, snapshot_location: str) -> SnapshotCollection:
        rows = _rows(snapshot_location)
        return SnapshotCollection(snapshot_location, {name: Snapshot(name, rows[name]) for name in rows})

    def read_snapshot_data_from_location(
        self, *, snapshot_location: str, snapshot_name: str, session_id: str
    ) -> str | None:
        return _rows(snapshot_location).get(snapshot_name)

    @classmethod
    def write_snapshot_collection(
        cls, *, snapshot_collection: SnapshotCollection, name_order: dict[str, int] | None = None
    ) -> None:
        location = snapshot_collection.location
        _write_rows(location, _rows(location) | {one.name: str(one.data) for one in snapshot_collection})

    def delete_snapshots(self, *, snapshot_location: str, snapshot_names: set[str]) -> None:
        rows = _rows(snapshot_location)
        _write_rows(snapshot_location, {name: rows[name] for name in rows.keys() - snapshot_names})


def _rows(location: str) -> dict[str, str]:
    path = Path(location)
    rows: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return rows


def _write_rows(location: str, rows: dict[str, str]) -> None:
    Path(location).write_text(json.dumps(rows, indent=0, ensure_ascii=False, sort_keys=True) + "\n")
