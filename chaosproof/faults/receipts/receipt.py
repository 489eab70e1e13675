"""The proof of a fault: when it began and ended, who ended it, and how many packets it hit."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from chaosproof.faults.model import Fault

__all__ = ["Canary", "Receipt"]


@dataclass(frozen=True)
class Canary:
    """How a test connection fared: `open`, `refused`, `reset`, `timeout`, or `none` when none was tried."""

    before: str = "none"
    during: str = "none"
    after: str = "none"


@dataclass(frozen=True)
class Receipt:
    """A fault's newest state, one row of `faults.jsonl` (docs/reference/run-folder.md). Instants are Unix seconds.

    `packets` is without the canary's own. `apply_ms` is how long the command took that switched it on;
    `note` says what a reader should know, such as a kernel that cannot end idle connections.
    """

    id: str
    fault: Fault
    instance: str
    backend: str
    fidelity: str
    planned_at: float
    applied_at: float | None = None
    expires_at: float | None = None
    ended_at: float | None = None
    ended_by: str | None = None
    packets: int = 0
    canary: Canary = Canary()
    healed: bool = False
    error: str | None = None
    apply_ms: float | None = None
    note: str = ""

    @property
    def ended(self) -> bool:
        """Whether its end was seen, or it never began."""
        return self.ended_at is not None or self.applied_at is None

    @property
    def by_kernel(self) -> bool:
        """Whether the kernel alone ends it."""
        return self.fidelity.startswith("kernel")

    def but(self, **changes: Any) -> "Receipt":
        """A copy with `changes`."""
        return replace(self, **changes)

    def to_row(self) -> dict[str, Any]:
        """The row of `faults.jsonl`."""
        return {
            "id": self.id,
            "kind": self.fault.kind,
            "instance": self.instance,
            "backend": self.backend,
            "fidelity": self.fidelity,
            "selector": self.fault.selector,
            "direction": self.fault.direction,
            "magnitude": self.fault.magnitude,
            "planned_s": self.fault.duration_s,
            "planned_at": self.planned_at,
            "applied_at": self.applied_at,
            "expires_at": self.expires_at,
            "ended_at": self.ended_at,
            "ended_by": self.ended_by,
            "packets": self.packets,
            "canary": asdict(self.canary),
            "healed": self.healed,
            "error": self.error,
            "apply_ms": self.apply_ms,
            "note": self.note,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Receipt":
        """The receipt that made the row. Raises `KeyError` or `UsageError` for a row that none made."""
        selector = row["selector"]
        fault = Fault(
            kind=row["kind"],
            duration_s=row["planned_s"],
            direction=row["direction"],
            protocol=selector["protocol"],
            port=selector["port"],
            port_side=selector["port_side"],
            peer=selector["peer"],
            **row["magnitude"],
        )
        own = {name: row[name] for name in cls.__dataclass_fields__ if name in row}
        return cls(**{**own, "fault": fault, "canary": Canary(**row["canary"])})
