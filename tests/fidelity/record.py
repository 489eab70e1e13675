"""What was measured of one fault, or of one real cause, on one connection: a frozen row, and the file of them.

`docs/reference/fidelity/RELEASE.json` holds the rows of one kernel, one in a line.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

__all__ = [
    "FOLDER",
    "NOT_MEASURED",
    "UNKNOWN",
    "End",
    "Key",
    "Measurement",
    "Row",
    "read_measurement",
    "write_measurement",
]

FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "fidelity"

Key = tuple[str, ...]
UNKNOWN = "unknown"
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class End:
    """One end of a connection while the fault is on, as its own kernel has it. Times in ms.

    - `learns`: by what it learns that the connection is over (an errno, or `EOF`), in the call `call` after `poll` had
      reported `polled`, `learns_ms` after the fault was on (a new connection: after it was begun); empty: it does not.
    - `state`, `retransmits` (since the fault went on), `rto_ms`, `rtt_ms`: its TCP socket just before the end; a state
      that is `UNKNOWN` is that of an end which could not be asked.
    - `shut`: the other end's window is 0, and its TCP asks from time to time whether it still is.
    - `conntrack`: what connection tracking in its network has of it just after the end.
    """

    learns: str = ""
    call: str = ""
    polled: str = ""
    learns_ms: float | None = None
    state: str = ""
    retransmits: int | None = None
    rto_ms: float | None = None
    rtt_ms: float | None = None
    conntrack: str = ""
    shut: bool = False


@dataclass(frozen=True)
class Row:
    """One connection under one fault, or one real cause (`backend` and `place` are empty then).

    - `subject`: the fault's kind with its choice, or the cause. `strength`: its magnitudes. `place`: whose packets are
      met where, such as `client egress destination`.
    - `problem`: why there is nothing else in it; `refused` says whether that was the project's word, or the kernel's.
    - `asked`, `answered`: messages sent, and those that came back, while it was on.
    - `requests_sent` and `requests_arrived`, `answers_...`: packets as captured at both ends. `resets` and `icmp`:
      those that arrived over the network at the client, at the server.
    - `same`, `next`: what becomes of the same connection afterwards, and of the next one from its source port (after
      `next_ms`).
    - `packets`: how many the fault's receipt has, of all connections of its trial.
    """

    subject: str
    protocol: str
    family: str
    connection: str
    backend: str = ""
    place: str = ""
    strength: str = ""
    problem: str = ""
    refused: bool = False
    lasted_s: float = 0.0
    client: End = field(default_factory=End)
    server: End = field(default_factory=End)
    rtt_before_ms: float | None = None
    asked: int = 0
    answered: int = 0
    requests_sent: int = 0
    requests_arrived: int = 0
    answers_sent: int = 0
    answers_arrived: int = 0
    resets: tuple[int, int] = (0, 0)
    icmp: tuple[int, int] = (0, 0)
    same: str = ""
    next: str = ""
    next_ms: float | None = None
    packets: int | None = None

    @property
    def trial(self) -> Key:
        """The fault, or the cause, without its connection."""
        return self.subject, self.backend, self.place, self.protocol

    @property
    def failed(self) -> bool:
        """Whether to measure it was tried, and failed."""
        return self.problem.startswith(NOT_MEASURED)

    @property
    def key(self) -> Key:
        return (*self.trial, self.family, self.connection)

    def to_json(self) -> Mapping[str, Any]:
        """What differs from an empty row."""
        return _without_defaults(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Row":
        names = {f.name for f in fields(cls)}
        known = {name: item for name, item in value.items() if name in names}
        for name in ("client", "server"):
            known[name] = End(**known.get(name, {}))
        for name in ("resets", "icmp"):
            known[name] = tuple(known.get(name, (0, 0)))
        return cls(**known)


@dataclass(frozen=True)
class Measurement:
    """All rows of one kernel. `where` says what it ran on, `versions` those of the tools, `took_s` how long it took."""

    release: str
    where: str
    versions: Mapping[str, str]
    took_s: float
    rows: Sequence[Row]


def read_measurement(path: Path) -> Measurement:
    value = json.loads(path.read_text(encoding="utf-8"))
    return Measurement(**{**value, "rows": [Row.from_json(row) for row in value["rows"]]})


def write_measurement(measurement: Measurement, folder: Path = FOLDER) -> Path:
    """Write it to `folder`, under its kernel's release, and return the file."""
    head = {f.name: getattr(measurement, f.name) for f in fields(measurement) if f.name != "rows"}
    lines = ",\n".join(json.dumps(row.to_json()) for row in _ordered(measurement.rows))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{measurement.release}.json"
    path.write_text(f'{json.dumps(head)[:-1]}, "rows": [\n{lines}\n]}}\n', encoding="utf-8")
    return path


def _ordered(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (not row.backend, row.key))


def _without_defaults(record: "Row | End") -> Mapping[str, Any]:
    empty = End() if isinstance(record, End) else Row("", "", "", "")
    kept = {}
    for f in fields(record):
        value = getattr(record, f.name)
        if value != getattr(empty, f.name):
            kept[f.name] = _without_defaults(value) if isinstance(value, End) else value
    return kept
