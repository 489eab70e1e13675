"""The receipts of one engine, in memory and in the ledger, safe to change from several threads."""

import threading
from collections.abc import Callable

from chaosproof.errors import ChaosproofError
from chaosproof.faults.errors import FaultError
from chaosproof.faults.kinds import KINDS
from chaosproof.runfolder.faults import FaultLedger, FaultRecord

__all__ = ["ReceiptStore"]


class ReceiptStore:
    """Begins with what the ledger has: faults that an earlier process put on can still be healed."""

    def __init__(self, ledger: FaultLedger | None) -> None:
        self._ledger = ledger
        self._lock = threading.RLock()
        records = ledger.records() if ledger else ()
        self._receipts = {record.id: record for record in records if record.kind in KINDS}

    @property
    def saves(self) -> bool:
        """Whether the receipts are written down."""
        return self._ledger is not None

    def get(self, fault_id: str) -> FaultRecord:
        """The newest state of a fault. Raises `FaultError` for an id that was never kept here."""
        with self._lock:
            if fault_id not in self._receipts:
                known = ", ".join(self._receipts) or "none"
                raise FaultError(f"no fault {fault_id} is known: known are {known}")
            return self._receipts[fault_id]

    def all(self) -> tuple[FaultRecord, ...]:
        """The newest state of every fault, oldest first."""
        with self._lock:
            return tuple(self._receipts.values())

    def on(self, now: float) -> tuple[FaultRecord, ...]:
        """The faults that should be on at `now` (Unix seconds), as far as is known here."""
        return tuple(r for r in self.all() if not r.ended and r.expires_at is not None and r.expires_at > now)

    def keep(self, receipt: FaultRecord) -> FaultRecord:
        """Put the receipt in, as the newest state of its fault. Raises `FaultError` when the disk does not take it."""
        with self._lock:
            self._receipts[receipt.id] = receipt
            if self._ledger:
                try:
                    self._ledger.write(receipt)
                except ChaosproofError as error:
                    raise FaultError(str(error)) from error
        return receipt

    def change(self, fault_id: str, change: Callable[[FaultRecord], FaultRecord]) -> FaultRecord:
        """Replace the receipt by what `change` makes of its newest state."""
        with self._lock:
            return self.keep(change(self._receipts[fault_id]))
