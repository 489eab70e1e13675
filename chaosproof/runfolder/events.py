"""`events.ndjson`: what happened in a run, written as it happens, each row bound to the one before by its hash.

A row is one line, `{"seq", "at", "what", "data", "prev_sha256", "sha256"}`. Its `sha256` is that of the line up to
the comma before `"sha256"`, closed with `}`; `prev_sha256` is that of the row before, 64 zeros in the first. Every
row is on the disk before the writer goes on, so a run that is killed leaves all that it had come to. What reads the
chain is `chaosproof.judge.checks.event_log`.

Try it: python -c 'import pathlib, chaosproof.runfolder.events as e; e.record_event(pathlib.Path("."), "tried", {})'
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from chaosproof.errors import ChaosproofError
from chaosproof.runfolder.record import Record, about

__all__ = [
    "EVENTS",
    "FIRST_PREVIOUS",
    "FOREIGN_ENTRY",
    "ROW_BYTES_MAX",
    "EventRow",
    "ForeignEntry",
    "fault_listener",
    "record_event",
    "record_near",
]

EVENTS = "events.ndjson"
FIRST_PREVIOUS = "0" * 64
FOREIGN_ENTRY = "foreign_entry"
ROW_BYTES_MAX = 1 << 16
_ANCESTORS = 3
# What is recorded of a fault, once the row has the key that comes first here.
_FAULT_EVENTS = {
    "fault_on": ("applied_at", ("id", "kind", "instance", "backend", "applied_at")),
    "fault_off": ("ended_at", ("id", "ended_at", "ended_by", "packets")),
}


@dataclass(frozen=True, kw_only=True)
class EventRow(Record):
    """One event, on the disk before the run goes on."""

    FILE: ClassVar[str] = EVENTS

    seq: int | None = about("the number of the row, from 0 without gaps")
    at: float | None = about("when it happened")
    what: str = about("the kind of event")
    data: Mapping[str, Any] = about("what belongs to it")
    prev_sha256: str = about("the `sha256` of the row before, 64 zeros in the first")
    sha256: str = about('the hash of the line up to the comma before `"sha256"`, closed with `}`', default="")


@dataclass(frozen=True, kw_only=True)
class ForeignEntry(Record):
    """The data of a row `foreign_entry`: what somebody else had set in an instance's network when the run looked."""

    instance: str = about("the instance that has it")
    entry: str = about("what it is: another process's fault, a rule of nft or iptables, a queue of tc")
    fault: str | None = about("the id of the fault, where it is one of chaosproof", default=None)
    when: str = about("at which look it was first seen")


def record_event(folder: Path, what: str, data: Mapping[str, Any], *, at: float | None = None) -> None:
    """Add one row to the log of the run in `folder`; `at` is now unless it is given (Unix seconds).

    Several threads and processes may write. A last row that a killed writer left unfinished is taken away first: it
    was never recorded. Raises `ChaosproofError` when the disk does not take the row, or the log is not one.
    """
    path = folder / EVENTS
    try:
        log = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(log, fcntl.LOCK_EX)
            seq, previous, end = _last_row(log)
            row = _line(seq + 1, time.time() if at is None else at, what, data, previous)
            if end < os.fstat(log).st_size:
                os.ftruncate(log, end)
            os.pwrite(log, row, end)
            os.fdatasync(log)
        finally:
            os.close(log)
    except OSError as error:
        raise ChaosproofError(f"Cannot write {path}: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ChaosproofError(f"The last row of {path} is none: {error!r}.") from error


def record_near(folder: Path, what: str, data: Mapping[str, Any]) -> None:
    """The same in the nearest folder, from `folder` upwards, that has a log; where none has, nothing is recorded."""
    for ancestor in (folder, *folder.parents[:_ANCESTORS]):
        if (ancestor / EVENTS).exists():
            record_event(ancestor, what, data)
            return


def fault_listener(folder: Path, *, at: float | None = None) -> Callable[[Mapping[str, Any]], None]:
    """What to call with every row of faults.jsonl: records when a fault goes on, and when it was seen to have ended.

    `at` as in `record_event`.
    """
    recorded: set[tuple[str, str]] = set()

    def listen(row: Mapping[str, Any]) -> None:
        for what, (since, keys) in _FAULT_EVENTS.items():
            event = what, str(row.get("id"))
            if row.get(since) is not None and event not in recorded:
                recorded.add(event)
                record_event(folder, what, {key: row.get(key) for key in keys}, at=at)

    return listen


def _line(seq: int, at: float, what: str, data: Mapping[str, Any], previous: str) -> bytes:
    row = EventRow(seq=seq, at=round(at, 6), what=what, data=data, prev_sha256=previous)
    hashed = _without_hash(row)
    if len(hashed) > ROW_BYTES_MAX - 100:
        hashed = _without_hash(replace(row, data={"omitted": f"{len(hashed)} bytes"}))
    digest = hashlib.sha256(hashed).hexdigest()
    return hashed[:-1] + f', "sha256": "{digest}"}}\n'.encode()


def _without_hash(row: EventRow) -> bytes:
    return json.dumps(
        {key: value for key, value in row.to_json().items() if key != "sha256"}, default=str
    ).encode()


def _last_row(log: int) -> tuple[int, str, int]:
    """The number and the hash of the last whole row, and where it ends in the file."""
    size = os.fstat(log).st_size
    tail = os.pread(log, 2 * ROW_BYTES_MAX, max(0, size - 2 * ROW_BYTES_MAX))
    whole, newline, torn = tail.rpartition(b"\n")
    if not newline:
        if size > len(tail):
            raise ValueError("a row has no end")
        return -1, FIRST_PREVIOUS, 0
    row = EventRow.from_json(json.loads(whole.rpartition(b"\n")[2]))
    if row.seq is None or not row.sha256:
        raise ValueError("it has no number or no hash")
    return row.seq, row.sha256, size - len(torn)
