"""`faults.jsonl`: one row per fault of a run, on the network or on a process, in the newest state of each.

    from chaosproof.runfolder.faults import read_faults
    read_faults(Path("journals/checkout/resilient/20261121T193005Z/faults.jsonl"))

A row says itself what proves that its fault acted (`expects`), so who judges it needs to know no kind of fault. The
file is replaced as a whole: a reader, or a writer that is killed, leaves or meets a complete one.
"""

import json
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

from chaosproof.errors import readable_os_errors
from chaosproof.runfolder.record import Record, about

__all__ = ["Canary", "CanaryExpectation", "Expectation", "FaultLedger", "FaultRecord", "read_faults"]

_NO_SELECTOR: Mapping[str, Any] = {"protocol": None, "port": None, "port_side": None, "peer": None}
_PROOFS = ("packets", "events", "row")


@dataclass(frozen=True, kw_only=True)
class Canary(Record):
    """How a test connection fared: `open`, `refused`, `reset`, `timeout`, `held`, or `none` when none was tried."""

    before: str = about("before the fault", default="none")
    during: str = about("while it was on", default="none")
    after: str = about("once it had ended", default="none")
    peer: str | None = about(
        "the connections that the fault found open, as the kernel at their other end had them once they were ended: "
        "`open`, `closed`, `none` where none was to be seen there before, or `unknown` where moreover those on its own "
        "instance could not be ended; absent where nobody looked",
        default=None,
        omit=True,
    )


@dataclass(frozen=True, kw_only=True)
class CanaryExpectation(Record):
    """What the test connection may meet."""

    before: tuple[str, ...] = about("before the fault", default=("open",))
    during: tuple[str, ...] = about("while it is on")
    after: tuple[str, ...] = about("once it has ended", default=("open",))
    peer: tuple[str, ...] | None = about(
        "what becomes of the other end of connections that it finds open; absent where that is not promised",
        default=None,
        omit=True,
    )


@dataclass(frozen=True, kw_only=True)
class Expectation(Record):
    """What proves that a fault acted."""

    proof: str = about(
        "`packets`: a count above zero; `events`: one of `events` happened to the instance; `row`: no error"
    )
    events: tuple[str, ...] = about("events of readiness.ndjson", default=())
    canary: CanaryExpectation | None = about(
        "what a test connection may meet; `null` where one proves nothing", default=None
    )
    effect: str | None = about(
        "what must have happened to at least one of the packets that met it, such as `held back`; absent where all of "
        "them are hit",
        default=None,
        omit=True,
    )
    chance: str | None = about(
        "of an effect that no kernel counts: the magnitude that says how likely it is for each packet, in percent",
        default=None,
        omit=True,
    )

    @property
    def usable(self) -> bool:
        """Whether it says what would prove the fault."""
        moments = (self.canary.before, self.canary.during, self.canary.after) if self.canary else ()
        return self.proof in _PROOFS and all(moments) and "" not in sum(moments, self.events)


@dataclass(frozen=True, kw_only=True)
class FaultRecord(Record):
    """One fault, on the network or on a process, in its newest state. Instants are Unix seconds."""

    FILE: ClassVar[str] = "faults.jsonl"

    schema_version: int | None = about("2; absent in rows of before `expects`", default=2)
    id: str = about("the fault's own id")
    kind: str = about("`reset`, `drop`, `kill`, ...: a kind of chaosproof/faults/kinds")
    instance: str = about("the instance that it was put on")
    backend: str = about("what made it, such as `nft` or `signal`", default="")
    fidelity: str = about("who ends it, and how far it can be trusted", default="")
    selector: Mapping[str, Any] = about(
        "`protocol`, `port`, `port_side`, `peer`: which packets; `null` for any, and where it acts on no packets",
        default_factory=lambda: dict(_NO_SELECTOR),
    )
    direction: str | None = about("`egress` or `ingress`, seen from the instance", default=None)
    magnitude: Mapping[str, Any] = about("how strong, by names that end in the unit", default_factory=dict)
    planned_s: float | None = about("how long it was to last; `null` for what has no end", default=None)
    planned_at: float | None = about("when it was called for", default=None)
    applied_at: float | None = about("when it was on; `null` when it never was", default=None)
    expires_at: float | None = about("its deadline", default=None)
    ended_at: float | None = about("when it was seen to have ended", default=None)
    on_at: float | None = about(
        "an instant after which it was still seen on: its end is between this and `ended_at`; absent where nobody "
        "looked",
        default=None,
        omit=True,
    )
    ended_by: str | None = about("`kernel`, `watchdog`, `heal` or `itself`", default=None)
    packets: int | None = about(
        "hit, without the canary's own, and at least one for each connection that it ended; `null`: not counted",
        default=None,
    )
    affected: int | None = about(
        "how often its queue did to a packet what `expects` calls its effect, as the kernel counts; absent where it "
        "keeps no such count",
        default=None,
        omit=True,
    )
    canary: Canary = about("how a test connection fared", default_factory=Canary)
    healed: bool | None = about("whether it was ended early on purpose", default=False)
    error: Any = about("why it could not be applied, or its end not be seen; else `null`", default=None)
    apply_ms: float | None = about("how long the command took that put it on", default=None)
    note: str = about("what else a reader should know", default="")
    expects: Expectation | None = about("what proves that it acted; without it nothing does", default=None)
    spoke_with: Mapping[str, float | None] | None = about(
        "when data last passed over TCP between its instance and each other instance or service, by their names, as "
        "seen before it (of a fault on the network, at its end too); on Kubernetes, where the fault is on those who "
        "call one port of it, also each other pod of the namespace that did so at that port; absent where nobody "
        "looked",
        default=None,
        omit=True,
    )

    @property
    def ended(self) -> bool:
        """Whether its end was seen, or it never began."""
        return self.ended_at is not None or self.applied_at is None

    @property
    def by_kernel(self) -> bool:
        """Whether the kernel alone ends it."""
        return self.fidelity.startswith("kernel")

    def replace(self, **changes: Any) -> Self:
        """A copy with `changes`."""
        return replace(self, **changes)

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """The record of a row. A row of before `schema_version` 2 gets the expectation of its kind at that time."""
        record = super().from_json(value)
        if "schema_version" not in record.source and "expects" not in record.source:
            return record.replace(expects=_old_expectation(record))
        return record if record.expects and record.expects.usable else record.replace(expects=None)


class FaultLedger:
    """The `faults.jsonl` at `path`. Rows that are there already (an earlier process) are kept. Thread-safe.

    `listener` is called with every row once it is saved; a `ChaosproofError` of its own counts as one of the disk.
    """

    def __init__(self, path: Path, listener: Callable[[Mapping[str, Any]], None] | None = None) -> None:
        self.path = path
        self._listener = listener
        self._lock = threading.Lock()
        self._records = {record.id: record for record in read_faults(path)}

    def write(self, record: FaultRecord) -> None:
        """Put the record in the place of the one with the same `id`, or at the end, and save the file.

        Raises `ChaosproofError` when the disk does not take it; the record is known here all the same.
        """
        with self._lock:
            self._records[record.id] = record
            rows = [record.to_json() for record in self._records.values()]
            content = "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows)
            # named by process: two writers never share one half-written file
            draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
            with readable_os_errors(f"cannot write {self.path}"):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                draft.write_text(content, encoding="utf-8")
                draft.replace(self.path)
            if self._listener:
                self._listener(record.to_json())

    def records(self) -> tuple[FaultRecord, ...]:
        """All records, oldest fault first."""
        with self._lock:
            return tuple(self._records.values())


def read_faults(path: Path) -> tuple[FaultRecord, ...]:
    """The records of the file at `path`; no file, no records. Raises `ValueError` for a line that is no JSON."""
    if not path.exists():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(FaultRecord.from_json(json.loads(line)) for line in lines if line.strip())


# Rows of before schema_version 2 carry no expectation: what was asked of the kinds of that time. No kind is added here.
_OLD_EVENTS = ("killed", "exited", "paused", "started")
_OLD_ON_PROCESSES = ("kill", "terminate", "restart", "pause")
_OLD_ON_PACKETS = ("reset", "reject", "drop", "loss", "rate", "delay", "duplicate", "corrupt", "reorder")
_OLD_CANARY = {"reset": ("refused", "reset"), "reject": ("refused", "reset"), "drop": ("timeout",)}


def _old_expectation(record: FaultRecord) -> Expectation | None:
    kind, selector = record.kind, record.selector
    if kind in _OLD_ON_PROCESSES:
        return Expectation(proof="events", events=_OLD_EVENTS)
    if kind == "stress":
        return Expectation(proof="row")
    if kind not in _OLD_ON_PACKETS:
        return None
    if kind not in _OLD_CANARY or selector.get("protocol") != "tcp" or not selector.get("port"):
        return Expectation(proof="packets")
    return Expectation(proof="packets", canary=CanaryExpectation(during=_OLD_CANARY[kind]))
