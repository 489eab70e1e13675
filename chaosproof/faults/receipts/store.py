"""The receipts of one engine, in memory and in the ledger, safe to change from several threads."""

import threading
from collections.abc import Callable

from chaosproof.faults.errors import FaultError
from chaosproof.faults.receipts.ledger import FaultLedger
from chaosproof.faults.receipts.receipt import Receipt

__all__ = ["ReceiptStore"]


class ReceiptStore:
    """Begins with what the ledger has: faults that an earlier process put on can still be healed."""

    def __init__(self, ledger: FaultLedger | None) -> None:
        self._ledger = ledger
        self._lock = threading.RLock()
        self._receipts: dict[str, Receipt] = {}
        for row in ledger.rows() if ledger else ():
            self._receipts[row["id"]] = Receipt.from_row(row)

    def get(self, fault_id: str) -> Receipt:
        """The newest state of a fault. Raises `FaultError` for an id that nobody has seen here."""
        with self._lock:
            if fault_id not in self._receipts:
                known = ", ".join(self._receipts) or "none"
                raise FaultError(f"no fault {fault_id} is known: known are {known}")
            return self._receipts[fault_id]

    def all(self) -> tuple[Receipt, ...]:
        """The newest state of every fault, oldest first."""
        with self._lock:
            return tuple(self._receipts.values())

    def on(self, now: float) -> tuple[Receipt, ...]:
        """The faults that should be on at `now` (Unix seconds), as far as is known here."""
        return tuple(
            one for one in self.all() if not one.ended and one.expires_at is not None and one.expires_at > now
        )

    def keep(self, receipt: Receipt) -> Receipt:
        """Put the receipt in, as the newest state of its fault."""
        with self._lock:
            self._receipts[receipt.id] = receipt
            if self._ledger:
                self._ledger.write(receipt.to_row())
        return receipt

    def change(self, fault_id: str, change: Callable[[Receipt], Receipt]) -> Receipt:
        """Replace the receipt by what `change` makes of its newest state."""
        with self._lock:
            return self.keep(change(self._receipts[fault_id]))
